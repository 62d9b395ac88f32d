import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findSaes } from '../../src/layouts/find.ts';
import { matrixOf } from '../../src/tensor/tensor.ts';
import { fixture, safetensorsOf, tempFolder, writeFiles } from '../fixtures.ts';
import { readRows } from '../tensor/logical-order.ts';
import { found } from './found.ts';

const bare = (name: string) => fixture('layouts', 'crosscoder-bare', name);

/** The value at row 5, column 3 of head 1 in `fixtures/layouts`. */
const place = 4096 + 5 + 3 / 1024;

test.each([
  ['columns.npz', 'columns'],
  ['middle.npz', 'rows'],
])('the head axis of %s follows from the biases beside the decoder', async (name, orientation) => {
  const saes = await found(bare(name));
  expect(saes.map(({ head }) => head)).toEqual([
    { index: 0, of: 2 },
    { index: 1, of: 2 },
  ]);
  const [, second] = saes;
  expect(second).toMatchObject({ layout: 'bare matrix', kind: 'crosscoder', orientation: { value: orientation } });
  const rows = await readRows(matrixOf(second!.decoder, second!.orientation!.value));
  expect(rows[5 * 16 + 3]).toBe(place);
});

test('a 3-D decoder without clues is refused with the choices for --head-axis', async () => {
  await expect(findSaes(bare('alone.npz'))).rejects.toMatchObject({
    code: 'layout_unknown',
    exitCode: 6,
    hints: [
      '--head-axis first: 2 heads, each a matrix [24, 16]',
      '--head-axis middle: 24 heads, each a matrix [2, 16]',
      expect.stringContaining('--orientation'),
    ],
  });
});

test.each([
  ['first', 2, [24, 16]],
  ['middle', 24, [2, 16]],
] as const)('--head-axis %s makes %i heads, and leaves their orientation open', async (axis, heads, shape) => {
  const saes = await found(bare('alone.npz'), undefined, axis);
  expect(saes).toHaveLength(heads);
  expect(saes[0]!.decoder.shape).toEqual(shape);
  expect(saes[0]).not.toHaveProperty('orientation');
});

test('a given head axis takes precedence over the biases', async () => {
  const saes = await found(bare('middle.npz'), undefined, 'first');
  expect(saes).toHaveLength(24);
});

test('the axis order of a layout is not used if the biases rule it out', async () => {
  const folder = await tempFolder();
  const shapes = { W_D: [4, 2, 4], b_D: [2, 4] };
  await writeFiles(folder, { 'config.json': {}, 'sae_weights.safetensors': safetensorsOf(shapes) });
  await expect(findSaes(folder)).rejects.toMatchObject({
    code: 'layout_unknown',
    message: expect.stringMatching(/W_D of shape \[4,2,4\] is in another order: OpenMOSS .*, but b_D is \[2, 4\]/),
    hints: [expect.stringContaining('--head-axis middle')],
  });
  const saes = await found(folder, undefined, 'middle');
  const head = { layout: 'OpenMOSS', decoder: { shape: [4, 4] } };
  expect(saes).toMatchObject([head, head]);
  expect(saes[0]).not.toHaveProperty('orientation');
  await expect(findSaes(folder, { headAxis: 'first' })).rejects.toThrow('fits no order of heads');
});

test('a decoder that fits no order at all is an error that says so', async () => {
  const folder = await tempFolder();
  const hooks = [0, 1, 2].map((layer) => `blocks.${layer}.hook_resid_post`);
  await writeFiles(folder, {
    'config.json': { hook_points: hooks },
    'sae_weights.safetensors': safetensorsOf({ W_D: [2, 8, 4], b_D: [2, 4] }),
  });
  await expect(findSaes(folder)).rejects.toMatchObject({
    message: expect.stringMatching(/fits no order of heads, features and width, because .*config.json says heads 3/),
  });
});

test('all heads share one file, which may be closed once for each', async () => {
  const saes = await findSaes(bare('middle.npz'));
  expect(new Set(saes.map(({ file }) => file)).size).toBe(1);
  for (const { file } of saes) await file.close();
});

async function weights(shapes: Record<string, readonly number[]>): Promise<string> {
  const folder = await tempFolder();
  await writeFiles(folder, { 'cc.safetensors': safetensorsOf(shapes) });
  return join(folder, 'cc.safetensors');
}

test('the decoder of a compiled model may be named without its prefix', async () => {
  const saes = await found(fixture('layouts', 'crosscoder-compiled'), 'decoder.weight');
  expect(saes).toMatchObject([{ layout: 'dictionary_learning crosscoder' }, { head: { index: 1, of: 2 } }]);
  const path = fixture('layouts', 'crosscoder-compiled', 'model_final.safetensors');
  const [sae] = await found(path, 'encoder.weight', 'first');
  expect(sae).toMatchObject({ layout: 'bare matrix', decoder: { name: '_orig_mod.encoder.weight' } });
});

test('biases that fit no reading are an error that names them', async () => {
  const path = await weights({ W_dec: [2, 24, 16], b_dec: [2, 15] });
  await expect(findSaes(path)).rejects.toMatchObject({
    code: 'layout_unknown',
    message: expect.stringContaining('b_dec is [2, 15]'),
  });
});

test('an axis of 300 cannot be the head axis', async () => {
  const path = await weights({ W_dec: [300, 4, 2] });
  await expect(findSaes(path, { headAxis: 'first' })).rejects.toMatchObject({
    code: 'layout_unknown',
    message: expect.stringContaining('the first axis of [300,4,2] would mean 300 heads'),
  });
});

test.each([
  ['a decoder of several slabs for one encoder', { W_enc: [4, 6], W_dec: [6, 2, 4] }, 'cross-layer transcoder'],
  ['numbered decoders', { 'W_D.0': [1, 6, 4], 'W_D.1': [2, 6, 4] }, 'cross-layer transcoder (OpenMOSS)'],
  ['matrices instead of feature vectors', { 'U_matrices.2': [3, 4, 2], 'V_matrices.2': [3, 2, 4] }, 'MOLT'],
])('refuses %s under any file name, with the reason', async (_, shapes, what) => {
  await expect(findSaes(await weights(shapes))).rejects.toMatchObject({
    code: 'cannot_be_stored',
    exitCode: 6,
    message: expect.stringContaining(what),
  });
});

test('a config that contradicts a crosscoder is an error', async () => {
  const folder = await tempFolder();
  const shapes = { 'encoder.weight': [2, 4, 6], 'decoder.weight': [2, 6, 4], 'decoder.bias': [2, 4] };
  await writeFiles(folder, {
    'config.json': { num_layers: 3, dict_size: 6 },
    'model.safetensors': safetensorsOf(shapes),
  });
  await expect(findSaes(folder)).rejects.toMatchObject({
    code: 'layout_unknown',
    message: expect.stringContaining('config.json says heads 3, features 6'),
  });
});

test('a crosscoder whose axes all have the same length is read as its trainer stores it', async () => {
  const folder = await tempFolder();
  const shapes = { 'encoder.weight': [2, 2, 2], 'decoder.weight': [2, 2, 2], 'decoder.bias': [2, 2] };
  await writeFiles(folder, { 'config.json': { num_layers: 2 }, 'model.safetensors': safetensorsOf(shapes) });
  const [first] = await found(folder);
  expect(first!.orientation).toEqual({ value: 'rows', from: expect.stringContaining('[heads, features, width]') });
  expect([...(await readRows(matrixOf(first!.decoder, 'rows')))]).toEqual([0, 1, 2, 3]);
});

test.each([
  ['crosscoder-forks', 'first', 2],
  ['openmoss-crosscoder', 'first', 3],
  ['crosscoder-nanda/blocks.14.hook_resid_pre', 'middle', 2],
] as const)('--head-axis that agrees with %s leaves all that its config says', async (name, axis, heads) => {
  const folder = fixture('layouts', name);
  const plain = (await found(folder)).map(({ file: _file, decoder, ...rest }) => ({ ...rest, shape: decoder.shape }));
  const named = (await found(folder, undefined, axis)).map(({ file: _file, decoder, ...rest }) => ({
    ...rest,
    shape: decoder.shape,
  }));
  expect(named).toEqual(plain);
  expect(named).toHaveLength(heads);
  const other = axis === 'first' ? 'middle' : 'first';
  await expect(findSaes(folder, { headAxis: other })).rejects.toMatchObject({ code: 'layout_unknown' });
});
