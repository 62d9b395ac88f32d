import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ProbeOptions, readProbe } from '../../src/layouts/probe.ts';
import { errorOf, fixture, opened, promisedTensors, sidecar, tempFolder, writeFiles } from '../fixtures.ts';

interface Decisions {
  readonly inputs: number[][];
  /** Per input: one number, or one per class. */
  readonly decisions: (number | number[])[];
}

const names = readdirSync(fixture('probes')).filter((name) => !name.endsWith('.json'));

async function probeOf(name: string, options: ProbeOptions = {}) {
  return readProbe(await opened(fixture('probes', name)), options);
}

/** Computes what a probe decides: its direction times the input, plus its bias. */
function decide({ values, bias }: { values: Float32Array; bias?: number }, input: readonly number[]): number {
  return input.reduce((sum, x, i) => sum + x * (values[i] as number), bias ?? 0);
}

describe('readProbe', () => {
  it.each(names)('reads %s so that it decides as its trainer does', async (name) => {
    const { inputs, decisions } = sidecar<Decisions>(fixture('probes', name));
    const classes = [decisions[0]].flat().length;
    const scaling = name.includes('scaled') ? ({ scaling: 'raw-space' } as const) : {};
    for (let classIndex = 0; classIndex < classes; classIndex++) {
      const probe = await probeOf(name, { ...scaling, ...(classes > 1 && { classIndex }) });
      expect(probe).toMatchObject({ classes, ...(classes > 1 && { row: classIndex }) });
      for (const [i, input] of inputs.entries()) {
        expect(decide(probe, input)).toBeCloseTo([decisions[i]].flat()[classIndex] as number, 4);
      }
    }
    expect(inputs).toHaveLength(4);
  });

  it('ignores a scaler with as-stored, and then decides differently', async () => {
    const { inputs, decisions } = sidecar<Decisions>(fixture('probes', 'sklearn-scaled.npz'));
    const stored = await probeOf('sklearn-scaled.npz', { scaling: 'as-stored' });
    const raw = await probeOf('sklearn-scaled.npz', { scaling: 'raw-space' });
    expect([stored.scaling, raw.scaling]).toEqual(['as-stored', 'raw-space']);
    expect(Math.abs(decide(stored, inputs[0] as number[]) - (decisions[0] as number))).toBeGreaterThan(0.1);
    expect([...stored.values]).not.toEqual([...raw.values]);
  });

  it('asks how to treat a scaler, and which class to take', async () => {
    const scaled = await errorOf(probeOf('sklearn-scaled.npz'));
    expect(scaled).toMatchObject({ code: 'option_missing', message: expect.stringContaining('scaled features') });
    expect(scaled.hints.join()).toMatch(/--raw-space.*--as-stored/s);
    const several = await errorOf(probeOf('torch-classes.safetensors'));
    expect(several).toMatchObject({ code: 'option_missing', message: expect.stringContaining('3 classes') });
    expect(several.hints.join()).toContain('--class I, 0 to 2');
  });

  it('refuses a class or a tensor that does not exist', async () => {
    expect(await errorOf(probeOf('torch-classes.safetensors', { classIndex: 3 }))).toMatchObject({
      code: 'rows_out_of_range',
      hints: ['0 to 2'],
    });
    // For two classes, scikit-learn keeps only the second one's direction; for the first, its sign would be wrong.
    for (const classIndex of [0, 1]) {
      const refused = await errorOf(probeOf('sklearn-binary.npz', { classIndex }));
      expect(refused).toMatchObject({ code: 'rows_out_of_range', message: expect.stringContaining('one direction') });
      expect(refused.hints.join()).toContain('leave --class out');
    }
    expect(await errorOf(probeOf('sklearn-binary.npz', { tensor: 'coefs' }))).toMatchObject({
      code: 'tensor_not_found',
    });
  });

  it('says what it assumed to be 0 if the file of a scaled probe lacks it', async () => {
    const folder = await tempFolder();
    const all = { coef: [2, 4], scale: [2, 2], mean: [1, 1], intercept: [0.5] };
    for (const [without, assumed, bias] of [
      [[], undefined, 0.5 - 3],
      [['mean'], ['mean'], 0.5],
      [['intercept'], ['intercept'], -3],
      [['mean', 'intercept'], ['mean', 'intercept'], undefined],
    ] as const) {
      const kept = Object.entries(all).filter(([name]) => !(without as readonly string[]).includes(name));
      await writeFiles(folder, { 'probe.json': Object.fromEntries(kept) });
      const probe = await readProbe(await opened(join(folder, 'probe.json')), { scaling: 'raw-space' });
      expect({ without, assumed: probe.assumed, bias: probe.bias }).toEqual({ without, assumed, bias });
    }
  });

  it.each([
    { std: [2, 4], mean: [1, 3] },
    { sd: [2, 4], mu: [1, 3] },
    { sigma: [2, 4], mu: [1, 3] },
    { scaler_std: [2, 4], scaler_mean: [1, 3] },
    { 'scaler.var_': [4, 16], mean: [9, 9], 'scaler.mean_': [1, 3] },
    { scale_: [2, 4], var_: [4, 16], mean_: [1, 3] },
    { scale: [2, 4], center: [1, 3] },
    { scale: [2, 4], mean: [1, 3], min: [0, 0] },
    { feature_stds: [2, 4], feature_means: [1, 3] },
    { 'probe.std': [2, 4], 'probe.mean': [1, 3], 'probe.weight': [6, 8], 'probe.bias': [0.5], coef: undefined },
    { train_std: [2, 4], train_mean: [1, 3], train_coef: [6, 8], train_intercept: 0.5, coef: undefined },
  ])('asks about a scaler that was saved as %j, and divides it out', async (scaler) => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'probe.json': { coef: [6, 8], intercept: 0.5, accuracy: 0.9, ...scaler } });
    const probe = (options: ProbeOptions) =>
      opened(join(folder, 'probe.json')).then((file) => readProbe(file, options));
    expect(await errorOf(probe({}))).toMatchObject({
      code: 'option_missing',
      message: expect.stringContaining(Object.keys(scaler)[0] as string),
    });
    const raw = await probe({ scaling: 'raw-space' });
    expect({ ...raw, values: [...raw.values] }).toMatchObject({ values: [3, 2], bias: 0.5 - 3 * 1 - 2 * 3 });
  });

  it('takes an array for a scaler by another name than "scale" only if it has a value per input', async () => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'probe.json': { coef: [[6], [8]], std: [0.1, 0.2, 0.3], var: 4, sd: [[1, 2]] } });
    const error = await errorOf(readProbe(await opened(join(folder, 'probe.json')), {}));
    expect(error.message).toContain('"sd"');
    await writeFiles(folder, { 'probe.json': { coef: [6, 8], std: [0.1, 0.2, 0.3], var: 4 } });
    expect(await readProbe(await opened(join(folder, 'probe.json')), {})).not.toHaveProperty('scaling');
  });

  it.each([
    [{ coef: [6, 8], coef_std: [1, 1], coef_mean: [1, 1] }, 'coef'],
    [{ coef: [6, 8], acc_std: [1, 1] }, 'coef'],
    [{ coef: [6, 8], class_weights: [1, 1], w: [1, 1] }, 'coef'],
    [{ vector: [6, 8], scale: 10, weight: 0.5 }, 'vector'],
  ])(
    'takes the direction of %j for itself, and what is beside it for neither direction nor scaler',
    async (arrays, name) => {
      const folder = await tempFolder();
      await writeFiles(folder, { 'probe.json': arrays });
      const probe = await readProbe(await opened(join(folder, 'probe.json')), {});
      expect(probe).toMatchObject({ tensor: { name } });
      expect(probe).not.toHaveProperty('scaling');
    },
  );

  it('does not take weights of something else for the probe where a direction or two lie beside them', async () => {
    const folder = await tempFolder();
    for (const arrays of [
      { direction: [6, 8], pca_weights: [1, 2] },
      { 'a.weight': [6, 8], 'b.weight': [3, 4], w: [1, 2] },
    ]) {
      await writeFiles(folder, { 'probe.json': arrays });
      const error = await errorOf(readProbe(await opened(join(folder, 'probe.json')), {}));
      expect(error).toMatchObject({ code: 'layout_unknown' });
    }
  });

  it('divides inputs that did not vary by 1, as scikit-learn does', async () => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'probe.json': { coef: [6, 8], var_: [4, 0], mean_: [0, 0], intercept: 1 } });
    const probe = await readProbe(await opened(join(folder, 'probe.json')), { scaling: 'raw-space' });
    expect([...probe.values]).toEqual([3, 8]);
  });

  it.each([{ var: [4, -4] }, { scale: [2, 0] }, { std: [2, -1] }])('refuses a scaler of %j', async (scaler) => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'probe.json': { coef: [6, 8], mean: [0, 0], ...scaler } });
    const probe = readProbe(await opened(join(folder, 'probe.json')), { scaling: 'raw-space' });
    expect(await errorOf(probe)).toMatchObject({ code: 'not_finite' });
  });

  it('does not divide by the scale of a MinMaxScaler, which multiplies', async () => {
    const folder = await tempFolder();
    const probe = { coef: [6, 8], intercept: 1, scale: [2, 4] };
    for (const beside of [{ min_: [0, 1] }, { data_min_: [0, 1], data_max_: [1, 2] }]) {
      await writeFiles(folder, { 'probe.json': { ...probe, ...beside } });
      const read = readProbe(await opened(join(folder, 'probe.json')), { scaling: 'raw-space' });
      expect(await errorOf(read)).toMatchObject({
        code: 'format_unsupported',
        hints: [expect.stringContaining('coef * scale_')],
      });
    }
  });

  it('says that weights with a column per class are transposed', async () => {
    const folder = await tempFolder();
    const coef = [1, 2, 3, 4, 5].map((x) => [x, -x, 0]);
    await writeFiles(folder, { 'probe.json': { coef, intercept: [1, 2, 3] } });
    const error = await errorOf(readProbe(await opened(join(folder, 'probe.json')), { classIndex: 1 }));
    expect(error).toMatchObject({ code: 'layout_unknown', hints: [expect.stringContaining('coef.T')] });
  });

  it('refuses to divide out a scaler that is not there', async () => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'probe.json': { coef: [6, 8], intercept: 1 } });
    const probe = readProbe(await opened(join(folder, 'probe.json')), { scaling: 'raw-space' });
    expect(await errorOf(probe)).toMatchObject({ code: 'tensor_not_found', exitCode: 6 });
  });

  it('does not divide out a BatchNorm layer, whose variance is not all that it applies', async () => {
    const folder = await tempFolder();
    const layer = { 'bn.running_mean': [1, 3], 'bn.running_var': [4, 16] };
    await writeFiles(folder, { 'probe.json': { 'linear.weight': [[6, 8]], 'linear.bias': [0.5], ...layer } });
    const probe = (options: ProbeOptions) =>
      opened(join(folder, 'probe.json')).then((file) => readProbe(file, options));
    expect(await errorOf(probe({}))).toMatchObject({ code: 'option_missing' });
    expect(await errorOf(probe({ scaling: 'raw-space' }))).toMatchObject({
      code: 'format_unsupported',
      hints: [expect.stringContaining('fold')],
    });
    expect([...(await probe({ scaling: 'as-stored' })).values]).toEqual([6, 8]);
  });

  it.each([
    { w: [6, 8], b: 0.5 },
    { weights: [[6, 8]], bias: [0.5] },
    { 'probe.w': [6, 8], 'probe.b': [0.5] },
  ])('finds direction and bias among %j', async (arrays) => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'probe.json': { ...arrays, losses: [3, 2, 1] } });
    const probe = await readProbe(await opened(join(folder, 'probe.json')), {});
    expect({ values: [...probe.values], bias: probe.bias }).toEqual({ values: [6, 8], bias: 0.5 });
  });

  it('reads a bare vector as a probe without a bias', async () => {
    const path = fixture('vectors', 'random-768-column.npy');
    const probe = await readProbe(await opened(path), {});
    expect(probe).toMatchObject({ classes: 1 });
    expect(probe.bias).toBeUndefined();
    expect([...probe.values]).toEqual(promisedTensors(path).get('')?.values);
  });

  it('lists what it found if no array is a probe', async () => {
    const error = await errorOf(readProbe(await opened(fixture('sae-tiny', 'sae_weights.safetensors')), {}));
    expect(error).toMatchObject({ code: 'layout_unknown' });
    expect(error.hints.join()).toContain('W_dec F32 [512, 64]');
  });
});
