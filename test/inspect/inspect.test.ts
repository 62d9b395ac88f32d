import { copyFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTensorFile } from '../../src/formats/open.ts';
import { fixture, npyImage, safetensorsImage, safetensorsOf, tempFolder, writeFiles } from '../fixtures.ts';
import { saelensFolder, sixByFour } from '../layouts/found.ts';
import { inspected, npyOf } from './looking.ts';

const tiny = fixture('sae-tiny');
const codes = ({ findings }: { findings: readonly { code: string }[] }) => findings.map(({ code }) => code);

describe('inspecting an SAE', () => {
  it('describes a SAELens folder completely', async () => {
    const found = await inspected(tiny);
    expect(found.findings).toEqual([]);
    expect(found.files).toMatchObject([
      {
        format: 'safetensors',
        tensors: [{ name: 'W_dec', dtype: 'F32', shape: [512, 64], bytes: 131_072, order: 'C' }, {}, {}, {}],
      },
    ]);
    expect(found.saes).toMatchObject([
      {
        layout: 'SAELens',
        orientation: 'rows',
        orientationFrom: 'b_dec has 64 values, b_enc has 512 values',
        features: 512,
        width: 64,
        model: { value: 'tiny-kjv-4l', from: 'cfg.json' },
        layer: { value: 1 },
        hook: { value: 'blocks.1.hook_resid_post' },
        fits: ['tiny-kjv-4l'],
        survey: { unitRows: 512 },
        firing: { dead: { count: 0 }, density: { count: 512, histogram: { scale: 'log10' } } },
        cost: { features: 512, requests: 4, days: { free: 1, research: 1 } },
      },
    ]);
    const { density } = found.saes[0]!.firing!;
    expect(density!.min).toBeCloseTo(0.002, 3);
    expect(density!.max).toBeCloseTo(0.47, 2);
  });

  it('finds what is doubtful about an SAE, and folders without the SAE that they should have', async () => {
    const folder = await tempFolder();
    const image = safetensorsOf(sixByFour);
    const config = { metadata: { hook_name: 'blocks.1.hook_resid_pre' } };
    await writeFiles(folder, {
      'layer_1/cfg.json': config,
      'layer_1/sae_weights.safetensors': image,
      'layer_2/cfg.json': config,
    });
    expect((await inspected(folder)).findings).toEqual([
      { code: 'left_out', where: folder, message: expect.stringContaining('layer_2 is left out') },
    ]);
    await writeFiles(folder, { 'W_enc.npy': npyImage('<f4', false, [6, 4], new Uint8Array(96)) });
    expect((await inspected(join(folder, 'W_enc.npy'))).findings).toContainEqual(
      expect.objectContaining({ code: 'doubtful', message: expect.stringContaining('named like an encoder') }),
    );
  });

  it('lists the arrays beside a pickle, and integers that cannot be the decoder', async () => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'v.npy': npyImage('<f4', false, [4], new Uint8Array(16)), 'ae.pt': new Uint8Array(1) });
    const found = await inspected(folder);
    expect(found.vectors).toHaveLength(1);
    expect(codes(found)).toContain('format_unsupported');
    const header = {
      W_dec: { dtype: 'I8', shape: [6, 4], data_offsets: [0, 24] },
      b_dec: { dtype: 'F32', shape: [4], data_offsets: [24, 40] },
    };
    await writeFiles(folder, { 'x.safetensors': safetensorsImage(JSON.stringify(header), new Uint8Array(40)) });
    expect(codes(await inspected(join(folder, 'x.safetensors')))).toContain('format_unsupported');
    await rm(join(folder, 'ae.pt'));
    await rename(join(folder, 'x.safetensors'), join(folder, 'sae_weights.safetensors'));
    await writeFiles(folder, { 'cfg.json': {} });
    expect(codes(await inspected(folder)).filter((code) => code === 'format_unsupported')).toHaveLength(1);
  });

  it('counts features with a sparsity of -10 as dead', async () => {
    const folder = await saelensFolder({ d_in: 4, d_sae: 6 });
    const sparsity = Float32Array.of(-1, -10, -2, -3, -10, -0.5);
    await writeFile(join(folder, 'sparsity.safetensors'), oneTensor('sparsity', sparsity));
    const [sae] = (await inspected(folder)).saes;
    expect(sae?.firing).toMatchObject({ dead: { count: 2, first: [1, 4] }, density: { count: 4 } });
    expect(sae?.firing?.density?.max).toBeCloseTo(10 ** -0.5, 6);
  });

  it('reports what is wrong with sparsities that do not fit', async () => {
    const folder = await saelensFolder({ d_in: 4, d_sae: 6 });
    const say = async (values: number[]) => {
      await writeFile(join(folder, 'sparsity.safetensors'), oneTensor('sparsity', Float32Array.from(values)));
      return (await inspected(folder)).findings.find(({ code }) => code === 'side_file')?.message;
    };
    expect(await say([-1, -1])).toMatch(/\[2\]; there are 6 features/);
    expect(await say([-1, -1, 0.5, -1, -1, -1])).toMatch(/feature 2: sparsity 0.5 is not a logarithm/);
  });

  it('reports vectors that do not fit the model named in the config', async () => {
    const folder = await saelensFolder({ d_in: 4, d_sae: 6, model_name: 'gpt2', hook_name: 'blocks.3.hook_resid_pre' });
    const finding = (await inspected(folder)).findings.find(({ code }) => code === 'wrong_width');
    expect(finding?.message).toBe('vectors have 4 values; gpt2-small is 768 wide');
  });

  it('leaves the orientation of a bare matrix open unless it is given', async () => {
    const path = fixture('sae-tiny-encodings', 'W_dec.npy');
    const found = await inspected(path);
    expect(codes(found)).toEqual(['orientation_unknown']);
    expect(found.findings[0]?.hint).toMatch(/--orientation rows: 512 features of 64 .*--orientation columns/);
    expect(found.saes).toMatchObject([
      { orientation: 'rows', orientationFrom: null, features: 512, fits: ['tiny-kjv-4l'] },
    ]);
    const said = await inspected(path, { orientation: 'columns' });
    expect(said.findings).toEqual([]);
    expect(said.saes).toMatchObject([{ orientationFrom: '--orientation', features: 64, width: 512, fits: [] }]);
  });

  it('guesses the width from the known models, or else that features outnumber their values', async () => {
    const guess = async (shape: [number, number]) => {
      const folder = await tempFolder();
      const zeros = new Uint8Array(shape[0] * shape[1] * 4);
      await writeFiles(folder, { 'guess.npy': npyImage('<f4', false, shape, zeros) });
      const [sae] = (await inspected(join(folder, 'guess.npy'))).saes;
      return [sae?.features, sae?.width, sae?.orientationFrom];
    };
    expect(await guess([3, 64])).toEqual([3, 64, null]);
    expect(await guess([64, 3])).toEqual([3, 64, null]);
    expect(await guess([64, 768])).toEqual([768, 64, null]);
    expect(await guess([5, 9])).toEqual([9, 5, null]);
    expect(await guess([64, 64])).toEqual([64, 64, null]);
  });

  it('lists the candidates if several matrices could be the decoder, and takes the one that is named', async () => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'two.safetensors': safetensorsOf({ a: [5, 4], b: [6, 4] }) });
    const found = await inspected(join(folder, 'two.safetensors'));
    expect(found.saes).toEqual([]);
    expect(found.findings).toMatchObject([
      { code: 'layout_unknown', hint: expect.stringMatching(/--tensor NAME.*a F32.*b F32/) },
    ]);
    const named = await inspected(join(folder, 'two.safetensors'), { tensor: 'b', orientation: 'rows' });
    expect(named.saes).toMatchObject([{ tensor: 'b', features: 6 }]);
    await expect(inspected(join(folder, 'two.safetensors'), { tensor: 'c' })).rejects.toMatchObject({
      code: 'tensor_not_found',
    });
  });

  it('reports rows that are broken, zero or duplicate', async () => {
    const path = await npyOf([
      [1, 2, 3, 4],
      [0, 0, 0, 0],
      [1, 2, 3, 4],
      [Number.NaN, 0, 0, 0],
      [9, 8, 7, 6],
    ]);
    const { findings } = await inspected(path, { orientation: 'rows' });
    expect(findings.map(({ code, message, count }) => [code, count, message])).toEqual([
      ['not_finite', 1, '1 row with NaN or infinity: row 3, value 0: NaN'],
      ['zero_rows', 1, '1 row of zeros: 1'],
      ['duplicate_rows', 1, '1 row equal to an earlier one: 2 = 0'],
    ]);
  });

  it('does not read rows that are wider than any model', async () => {
    const folder = await tempFolder();
    const wide = npyImage('<f4', false, [2, 70_000], new Uint8Array(2 * 70_000 * 4));
    await writeFiles(folder, { 'wide.npy': wide });
    const found = await inspected(join(folder, 'wide.npy'), { orientation: 'rows' });
    expect(found.saes).toMatchObject([{ survey: null }]);
    expect(codes(found)).toEqual(['wrong_width']);
  });

  it('describes the shards of an index as one file', async () => {
    const found = await inspected(fixture('safetensors', 'model.safetensors.index.json'));
    expect(found.files[0]?.tensors.length).toBeGreaterThan(1);
  });
});

describe('inspecting a vector', () => {
  it('gives its width, its norm and the models that it fits', async () => {
    const found = await inspected(fixture('vectors', 'random-768-f32.npy'));
    expect(found.vectors).toMatchObject([{ width: 768, fits: ['gpt2-small'], values: { count: 768 } }]);
    expect(found.vectors[0]!.norm).toBeGreaterThan(0);
    expect(found.findings).toEqual([]);
  });

  it('treats a matrix of one row or one column as a vector', async () => {
    for (const name of ['random-768-row.npy', 'random-768-column.npy']) {
      expect((await inspected(fixture('vectors', name))).vectors).toMatchObject([{ width: 768 }]);
    }
  });

  it('lists all vectors of a file, or only the one that is named', async () => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'layers.safetensors': safetensorsOf({ 'layer.1': [4], 'layer.2': [4] }) });
    const path = join(folder, 'layers.safetensors');
    expect((await inspected(path)).vectors.map(({ tensor }) => tensor)).toEqual(['layer.1', 'layer.2']);
    expect((await inspected(path, { tensor: 'layer.2' })).vectors.map(({ tensor }) => tensor)).toEqual(['layer.2']);
  });
});

describe('inspecting a file that could be more than one thing', () => {
  it('leaves it open if there are several matrices, even with a vector beside them', async () => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'mixed.safetensors': safetensorsOf({ a: [5, 4], b: [6, 4], mean: [4] }) });
    const found = await inspected(join(folder, 'mixed.safetensors'));
    expect(found.vectors).toEqual([]);
    expect(codes(found)).toEqual(['layout_unknown']);
    const named = await inspected(join(folder, 'mixed.safetensors'), { tensor: 'mean' });
    expect(named.vectors).toMatchObject([{ tensor: 'mean', width: 4 }]);
    expect(named.findings).toEqual([]);
  });

  it('takes a bias beside a vector as part of a probe, not as another vector', async () => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'probe.safetensors': safetensorsOf({ weight: [1, 4], bias: [1] }) });
    const found = await inspected(join(folder, 'probe.safetensors'));
    expect(found.vectors).toMatchObject([{ tensor: 'weight', bias: 'bias', width: 4 }]);
  });
});

describe('inspecting a folder', () => {
  it('finds every SAE of a sweep', async () => {
    const folder = await tempFolder();
    for (const layer of [1, 2, 10]) {
      const cfg = { d_in: 4, d_sae: 6, hook_name: `blocks.${layer}.hook_resid_pre` };
      await writeFiles(join(folder, `layer_${layer}`), {
        'cfg.json': cfg,
        'sae_weights.safetensors': safetensorsOf(sixByFour),
      });
    }
    expect((await inspected(folder)).saes.map(({ layer }) => layer?.value)).toEqual([1, 2, 10]);
  });

  it('without a known layout describes its weight files, and a damaged one does not hide the others', async () => {
    const folder = await tempFolder();
    await copyFile(fixture('malformed', 'cut_in_data.npy'), join(folder, 'cut.npy'));
    await copyFile(fixture('vectors', 'random-768-f32.npy'), join(folder, 'sound.npy'));
    const found = await inspected(folder);
    expect(found.vectors).toHaveLength(1);
    expect(found.findings).toMatchObject([
      { code: 'format_invalid', fatal: true, message: expect.stringMatching(/truncated/) },
    ]);
  });

  it('follows links to files, of which Hugging Face downloads consist', async () => {
    const folder = await tempFolder();
    await symlink(fixture('vectors', 'random-768-f32.npy'), join(folder, 'linked.npy'));
    expect((await inspected(folder)).vectors).toHaveLength(1);
  });

  it('without any weight file fails like an upload', async () => {
    await expect(inspected(await tempFolder())).rejects.toMatchObject({ code: 'layout_unknown' });
  });
});

describe('inspecting a file that cannot be read', () => {
  for (const name of ['cut_in_data.npy', 'data_cut_short.safetensors', 'arrow_body_cut.arrow', 'W_dec_pointer.npy']) {
    it(`gives the same error for ${name} as opening it does`, async () => {
      const path = fixture('malformed', name);
      const error = await openTensorFile(path).catch((thrown) => thrown);
      await expect(inspected(path)).rejects.toMatchObject({ code: error.code, message: error.message, exitCode: 6 });
    });
  }

  it('lists tensors that cannot be decoded beside those that can', async () => {
    const found = await inspected(fixture('safetensors', 'torch_undecodable_beside.safetensors'));
    expect(found.files[0]!.undecodable.length).toBeGreaterThan(0);
    expect(codes(found)).toContain('undecodable');
  });
});

describe('inspecting a .jsonl', () => {
  it('reads lines of vectors as an SAE, not as examples', async () => {
    const { saes, activations } = await inspected(fixture('feature-data', 'rows.jsonl'));
    expect(saes).toMatchObject([{ features: 16, width: 64 }]);
    expect(activations).toBeNull();
  });

  it('reads lines as vectors even after other keys, long ones or with brackets', async () => {
    const row = (index: number) => ({ index, name: 'tokens [a-z] {', metadata: { l0: [1] }, vector: [index, 1, 2, 3] });
    const long = { ...row(1), description: 'x'.repeat(9000) };
    const folder = await tempFolder();
    await writeFile(join(folder, 'rows.jsonl'), `\n${JSON.stringify(row(0))}\n${JSON.stringify(long)}\n`);
    const { saes, activations } = await inspected(join(folder, 'rows.jsonl'));
    expect(saes).toMatchObject([{ features: 2, width: 4 }]);
    expect(activations).toBeNull();
  });

  it('lists the models of examples and counts the bad lines', async () => {
    const good = (index: number) =>
      JSON.stringify({ index, modelId: 'gpt2-small', tokens: ['a', 'b'], values: [0, 1] });
    const folder = await tempFolder();
    const lines = [good(0), good(0), good(7), 'not JSON', JSON.stringify({ index: 9, tokens: ['a'], values: [1, 2] })];
    await writeFile(join(folder, 'acts.jsonl'), `${lines.join('\n')}\n`);
    const found = await inspected(join(folder, 'acts.jsonl'));
    expect(found.activations).toMatchObject({ models: ['gpt2-small'], bad: { count: 2 } });
    expect(found.findings).toMatchObject([
      { code: 'record_invalid', count: 2, message: expect.stringMatching(/line 4.*line 5/s) },
    ]);
  });

  it('reads the examples of the tiny SAE whatever model and layer they name', async () => {
    const { activations, findings } = await inspected(fixture('sae-tiny', 'activations.jsonl'));
    expect(activations).toMatchObject({ features: 512, indices: '0-511', bad: { count: 0 } });
    expect(findings).toEqual([]);
  });
});

/** Makes a safetensors image of one float32 tensor. */
function oneTensor(name: string, values: Float32Array): Uint8Array {
  const entry = { dtype: 'F32', shape: [values.length], data_offsets: [0, values.byteLength] };
  return safetensorsImage(JSON.stringify({ [name]: entry }), new Uint8Array(values.buffer));
}

describe('inspecting a probe of several classes', () => {
  it.each(['sklearn-classes.npz', 'torch-classes.safetensors'])(
    'finds a probe with its classes and no SAE: %s',
    async (file) => {
      const { saes, vectors, findings } = await inspected(fixture('probes', file));
      expect(saes).toEqual([]);
      expect(findings).toEqual([]);
      expect(vectors).toMatchObject([
        { classes: 3, width: 64, bias: expect.stringMatching(/intercept|bias/), fits: ['tiny-kjv-4l'] },
      ]);
    },
  );

  async function probeOf(values: Float32Array, classes: number, width: number) {
    const folder = await tempFolder();
    const header = { coef: { dtype: 'F32', shape: [classes, width], data_offsets: [0, values.byteLength] } };
    const bias = { dtype: 'F32', shape: [classes], data_offsets: [values.byteLength, values.byteLength + 4 * classes] };
    const data = Buffer.concat([Buffer.from(values.buffer), Buffer.alloc(4 * classes)]);
    const image = safetensorsImage(JSON.stringify({ ...header, intercept: bias }), data);
    await writeFiles(folder, { 'probe.safetensors': image });
    return inspected(join(folder, 'probe.safetensors'));
  }

  it('counts each value once, even if the probe is larger than a block', async () => {
    const [classes, width] = [12, 24_576];
    const { vectors } = await probeOf(
      Float32Array.from({ length: classes * width }, (_, i) => i % 7),
      classes,
      width,
    );
    expect(vectors[0]?.values).toMatchObject({ count: classes * width });
  });

  it('reports a value that is not finite, and gives no statistics then', async () => {
    const { vectors, findings } = await probeOf(
      Float32Array.from({ length: 48 }, (_, i) => (i === 20 ? Number.NaN : i)),
      3,
      16,
    );
    expect(vectors).toMatchObject([{ classes: 3, norm: null, values: null }]);
    expect(findings).toMatchObject([{ code: 'not_finite', message: expect.stringContaining('row 1, value 4: NaN') }]);
  });
});
