import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ProbeOptions, readProbe } from '../../src/layouts/probe.ts';
import {
  errorOf,
  fixture,
  opened,
  promisedTensors,
  safetensorsImage,
  sidecar,
  tempFolder,
  writeFiles,
} from '../fixtures.ts';

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
      let at = 0;
      const header = kept.map(([name, { length }]) => {
        at += 8 * length;
        return [name, { dtype: 'F64', shape: [length], data_offsets: [at - 8 * length, at] }];
      });
      const data = new Uint8Array(Float64Array.from(kept.flatMap(([, values]) => values)).buffer);
      const image = safetensorsImage(JSON.stringify(Object.fromEntries(header)), data);
      await writeFiles(folder, { 'probe.safetensors': image });
      const probe = await readProbe(await opened(join(folder, 'probe.safetensors')), { scaling: 'raw-space' });
      expect({ without, assumed: probe.assumed, bias: probe.bias }).toEqual({ without, assumed, bias });
    }
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
