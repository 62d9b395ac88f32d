import { join } from 'node:path';
import { Field, FixedSizeList, Float32, Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import { expect, test } from 'vitest';
import { namedTensor } from '../../src/layouts/bare.ts';
import { fixture, npyImage, opened, safetensorsImage, safetensorsOf, tempFolder, writeFiles } from '../fixtures.ts';
import { found, sixByFour } from './found.ts';

async function weights(image: Uint8Array): Promise<string> {
  const folder = await tempFolder();
  await writeFiles(folder, { 'weights.safetensors': image });
  return join(folder, 'weights.safetensors');
}

test('the only matrix of a file is its decoder, and the bias proves its orientation', async () => {
  const [sae] = await found(await weights(safetensorsOf({ 'decoder.weight': [4, 6], 'decoder.bias': [4] })));
  expect(sae).toMatchObject({
    decoder: { name: 'decoder.weight' },
    orientation: { value: 'columns', from: 'decoder.bias has 4 values' },
  });
});

test('a torch layer may be a decoder or a probe, so its bias proves nothing', async () => {
  for (const outputs of [1, 4]) {
    const [sae] = await found(await weights(safetensorsOf({ weight: [outputs, 6], bias: [outputs] })));
    expect(sae).not.toHaveProperty('orientation');
  }
});

test('W_dec is the decoder among several matrices', async () => {
  const [sae] = await found(await weights(safetensorsOf({ W_enc: [4, 6], W_dec: [6, 4], W_skip: [4, 4] })));
  expect(sae?.decoder.name).toBe('W_dec');
  expect(sae).not.toHaveProperty('orientation');
});

test('several matrices without a W_dec are listed, and one can be named', async () => {
  const path = await weights(safetensorsOf({ one: [6, 4], two: [3, 4], b_dec: [4] }));
  await expect(found(path)).rejects.toMatchObject({
    code: 'layout_unknown',
    exitCode: 6,
    hints: ['say which with --tensor NAME; candidates: one F32 [6, 4], two F32 [3, 4]'],
  });
  const [sae] = await found(path, 'two');
  expect(sae).toMatchObject({ decoder: { name: 'two' }, orientation: { value: 'rows', from: 'b_dec has 4 values' } });
});

test('a missing tensor name is an error that lists the existing names', async () => {
  const path = await weights(safetensorsOf({ one: [6, 4], two: [3, 4] }));
  await expect(found(path, 'three')).rejects.toMatchObject({
    code: 'tensor_not_found',
    message: `${path}: holds no tensor called "three"`,
    hints: ['it holds: one F32 [6, 4], two F32 [3, 4]'],
  });
});

test.each([['square', [4, 4]]])('a %s matrix has no orientation that its file proves', async (_, shape) => {
  const [sae] = await found(await weights(safetensorsOf({ W_dec: shape, b_dec: [4] })));
  expect(sae).not.toHaveProperty('orientation');
});

test('a matrix that its bias contradicts is refused unless it is named', async () => {
  const path = await weights(safetensorsOf({ W_dec: [6, 5], b_dec: [4] }));
  await expect(found(path)).rejects.toThrow('fits the biases in neither orientation: b_dec has 4 values');
  const [sae] = await found(path, 'W_dec');
  expect(sae).not.toHaveProperty('orientation');
});

test('a single vector is refused with a hint at upload-vector', async () => {
  const path = await weights(safetensorsOf({ direction: [8] }));
  await expect(found(path, 'direction')).rejects.toMatchObject({
    code: 'layout_unknown',
    hints: [expect.stringContaining('upload-vector')],
  });
  await expect(found(path)).rejects.toMatchObject({
    code: 'layout_unknown',
    message: expect.stringContaining('direction F32 [8]'),
  });
});

test('a matrix of integers is used only if it is named', async () => {
  const path = fixture('npy', 'le_i4.npy');
  await expect(found(path)).rejects.toMatchObject({ code: 'layout_unknown' });
  const [sae] = await found(path, '');
  expect(sae?.decoder.dtype).toBe('I32');
});

test('a file without tensors is refused with that reason', async () => {
  const failure = expect(found(fixture('safetensors', 'no_tensors.safetensors'))).rejects;
  await failure.toMatchObject({ code: 'layout_unknown', message: expect.stringContaining('found: none') });
});

test('a tensor of an unsupported type is refused only when it is requested', async () => {
  const header = { packed: { dtype: 'F8_E8M0', shape: [2, 2], data_offsets: [0, 4] } };
  const file = await opened(await weights(safetensorsImage(JSON.stringify(header), new Uint8Array(4))));
  expect(file.tensors.size).toBe(0);
  expect(() => namedTensor(file, 'packed')).toThrow(/tensor "packed": dtype F8_E8M0 is not read/);
});

test('the tensor names __proto__ and constructor are treated like any other', async () => {
  const header = '{"__proto__":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}';
  const path = await weights(safetensorsImage(header, new Uint8Array(4)));
  expect((await found(path, '__proto__'))[0]?.decoder.name).toBe('__proto__');
  await expect(found(path, 'constructor')).rejects.toMatchObject({ code: 'tensor_not_found' });
});

test('torch layers called enc and dec are told apart and prove the orientation', async () => {
  const path = await weights(
    safetensorsOf({ 'enc.weight': [6, 4], 'enc.bias': [6], 'dec.weight': [4, 6], 'dec.bias': [4] }),
  );
  const [sae] = await found(path);
  expect(sae).toMatchObject({ decoder: { name: 'dec.weight' }, orientation: { value: 'columns' } });
  expect(sae).not.toHaveProperty('doubts');
  const [encoder] = await found(path, 'enc.weight');
  expect(encoder?.doubts).toEqual([expect.stringContaining('enc.weight is named like an encoder')]);
});

test('a square decoder that torch calls dec.weight has its features in columns', async () => {
  const [sae] = await found(await weights(safetensorsOf({ 'enc.weight': [4, 4], 'dec.weight': [4, 4] })));
  expect(sae?.orientation?.value).toBe('columns');
});

test('an encoder alone is not taken for a decoder unless it is named', async () => {
  for (const name of ['W_enc', 'encoder.weight', 'sae.encoder_linear.weight', 'W_E', 'E', 'encoder', 'sae/W_enc']) {
    const path = await weights(safetensorsOf({ [name]: [6, 4], b_enc: [4] }));
    await expect(found(path)).rejects.toMatchObject({ code: 'layout_unknown', exitCode: 6 });
    expect((await found(path, name))[0]?.decoder.name).toBe(name);
  }
});

test('an array without a name is doubted if its file is named like an encoder', async () => {
  const folder = await tempFolder();
  const image = npyImage('<f4', false, [6, 4], new Uint8Array(96));
  await writeFiles(folder, { 'W_enc.npy': image, 'W_dec.npy': image });
  expect((await found(join(folder, 'W_enc.npy')))[0]?.doubts).toEqual([expect.stringContaining('W_enc.npy is named')]);
  expect((await found(join(folder, 'W_dec.npy')))[0]).not.toHaveProperty('doubts');
});

test('a bias called only that proves nothing, except beside the Linear layers of dictionary_learning', async () => {
  for (const name of ['W', 'W_dec', 'dec.weight']) {
    const [sae] = await found(await weights(safetensorsOf({ [name]: [6, 4], bias: [6] })));
    expect(sae?.orientation?.from ?? '').not.toContain('bias');
  }
  const own = { 'decoder.weight': [6, 4], 'decoder.bias': [6] };
  const [sae] = await found(await weights(safetensorsOf({ ...own, bias: [4] })));
  expect(sae?.orientation).toEqual({ value: 'columns', from: 'decoder.bias has 6 values' });
  const [older] = await found(await weights(safetensorsOf({ 'decoder.weight': [4, 6], bias: [4] })));
  expect(older?.orientation).toEqual({ value: 'columns', from: 'bias has 4 values' });
});

/** An image of tensors of a type other than float32, all zeros. */
function imageOf(dtype: string, size: number, shapes: Record<string, readonly number[]>): Uint8Array {
  let at = 0;
  const header = Object.entries(shapes).map(([name, shape]) => {
    const start = at;
    at += shape.reduce((all, length) => all * length, size);
    return [name, { dtype, shape, data_offsets: [start, at] }];
  });
  return safetensorsImage(JSON.stringify(Object.fromEntries(header)), new Uint8Array(at));
}

test('a decoder of integers is refused, whatever lies beside it, unless it is named', async () => {
  const path = await weights(imageOf('I8', 1, { W_dec: [6, 4], other: [4, 4] }));
  await expect(found(path)).rejects.toMatchObject({
    code: 'format_unsupported',
    message: `${path}: "W_dec" holds integers (I8), not weights`,
    hints: [expect.stringContaining('quantised'), expect.stringContaining('--tensor W_dec')],
  });
  expect((await found(path, 'W_dec'))[0]?.doubts).toEqual([expect.stringContaining('W_dec holds integers (I8)')]);
  const folder = await tempFolder();
  await writeFiles(folder, {
    'cfg.json': {},
    'sae_weights.safetensors': imageOf('U16', 2, { W_dec: [6, 4] }),
  });
  await expect(found(folder)).rejects.toMatchObject({ code: 'format_unsupported' });
});

test('integers that may say which features the rows are, under another name than "index", are doubted', async () => {
  const ids = (name: string) => weights(imageOf('I64', 8, { [name]: [6], W_dec: [6, 4] }));
  for (const name of ['feature_ids', 'indices', 'latent_idx', 'sae.kept_ids', 'features', 'feature', 'neuron']) {
    const [sae] = await found(await ids(name), 'W_dec');
    expect(sae?.doubts).toContainEqual(expect.stringContaining(`if "${name}" says which feature each row is`));
  }
  const both = await weights(imageOf('I64', 8, { index: [6], feature_ids: [6], W_dec: [6, 4] }));
  for (const path of [
    both,
    ...(await Promise.all(['index', 'feature_index', 'n_fired', 'token_ids', 'dead_features'].map(ids))),
  ]) {
    const [sae] = await found(path, 'W_dec');
    expect(sae?.doubts?.join() ?? '').not.toContain('rows are numbered');
  }
});

test('what is outside of the module that an SAE is in proves nothing about it', async () => {
  const inside = { 'sae.W_dec': [6, 4], 'sae.W_enc': [4, 6], 'sae.b_dec': [4] };
  const [sae] = await found(await weights(safetensorsOf({ ...inside, b_dec: [6] })));
  expect(sae).toMatchObject({ decoder: { name: 'sae.W_dec' }, orientation: { value: 'rows' } });
});

test('a prefix that all names have in common is ignored', async () => {
  for (const prefix of ['sae.', 'model.layers.10.mlp.transcoder.', '_fsdp_wrapped_module._orig_mod.', 'layer_10/']) {
    const named = Object.fromEntries(Object.entries(sixByFour).map(([name, shape]) => [prefix + name, shape]));
    const [sae] = await found(await weights(safetensorsOf({ ...named, step: [1] })));
    expect(sae).toMatchObject({
      decoder: { name: `${prefix}W_dec` },
      orientation: { value: 'rows', from: 'b_dec has 4 values, b_enc has 6 values' },
    });
  }
});

test('a prefix is ignored even if another tensor than the decoder is named', async () => {
  const path = await weights(safetensorsOf({ 'sae.W_enc': [6, 4], 'sae.W_dec': [6, 4], 'sae.b_dec': [4] }));
  expect((await found(path, 'sae.W_enc'))[0]?.orientation?.from).toBe('b_dec has 4 values');
});

test('of several SAEs in one file, the one that is named has the biases of its own prefix', async () => {
  const tensors = { 'a.W_dec': [6, 4], 'a.b_dec': [4], 'b.W_dec': [4, 6], 'b.b_dec': [4], b_dec: [6] } as const;
  const path = await weights(safetensorsOf(tensors));
  await expect(found(path)).rejects.toMatchObject({ hints: [expect.stringContaining('a.W_dec F32 [6, 4], b.W_dec')] });
  const [sae] = await found(path, 'b.W_dec');
  expect(sae?.orientation).toEqual({ value: 'columns', from: 'b_dec has 4 values' });
});

test('what a wrapper put before its names does not hide that a dictionary cannot be stored', async () => {
  for (const tensors of [
    { '_orig_mod.W_D.0': [4, 6] },
    { 'module.W_decs.0': [6, 4] },
    { 'module.W_O': [6, 4], 'module.W_V': [6, 4], 'module.W_Q': [6, 4] },
  ]) {
    const path = await weights(safetensorsOf(tensors as unknown as Record<string, readonly number[]>));
    await expect(found(path)).rejects.toMatchObject({ code: 'cannot_be_stored' });
  }
});

test('the last layer of a language model is no decoder of an SAE', async () => {
  const bert = {
    'cls.predictions.decoder.weight': [9, 4],
    'cls.predictions.bias': [9],
    'encoder.layer.0.weight': [4, 4],
  };
  await expect(found(await weights(safetensorsOf(bert)))).rejects.toMatchObject({ code: 'layout_unknown' });
  const clip = { 'text.encoder.weight': [6, 4], 'vision.dec.weight': [6, 4] };
  await expect(found(await weights(safetensorsOf(clip)))).rejects.toMatchObject({ code: 'layout_unknown' });
  const two = { 'ae.decoder.weight': [4, 6], 'ae.encoder.weight': [6, 4], 'ema.decoder.weight': [4, 6] };
  expect((await found(await weights(safetensorsOf(two))))[0]?.decoder.name).toBe('ae.decoder.weight');
});

test('integers of a crosscoder are refused, too, and those that are named are doubted in any layout', async () => {
  const heads = await tempFolder();
  const image = imageOf('I8', 1, { W_dec: [6, 2, 4], W_enc: [2, 4, 6] });
  await writeFiles(heads, { 'cfg.json': {}, 'cc_weights.safetensors': image });
  await expect(found(heads, undefined, 'middle')).rejects.toMatchObject({ code: 'format_unsupported' });
  const folder = await tempFolder();
  await writeFiles(folder, { 'cfg.json': {}, 'sae_weights.safetensors': imageOf('I8', 1, { W_dec: [6, 4] }) });
  const [sae] = await found(folder, 'W_dec');
  expect(sae?.doubts).toEqual([expect.stringContaining('holds integers (I8)')]);
});

test('a mask, or integers beside a decoder of floats, refuse nothing', async () => {
  const mask = imageOf('BOOL', 1, { W_dec: [6, 4] });
  await expect(found(await weights(mask))).rejects.toMatchObject({ code: 'layout_unknown' });
  const header = {
    W_D: { dtype: 'I8', shape: [6, 4], data_offsets: [0, 24] },
    W_dec: { dtype: 'F32', shape: [6, 4], data_offsets: [24, 120] },
  };
  const [sae] = await found(await weights(safetensorsImage(JSON.stringify(header), new Uint8Array(120))));
  expect(sae?.decoder.name).toBe('W_dec');
});

test('what a format stores vector by vector is not turned over, whatever the shape', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, { 'w.jsonl': Buffer.from(Array(4).fill('{"vector":[1,2,3,4]}').join('\n')) });
  for (const [path, from] of [
    [join(folder, 'w.jsonl'), 'each line is one vector'],
    [fixture('sae-tiny-encodings', 'W_dec_f64.arrow'), 'each row of the table is one vector'],
  ] as const) {
    const [sae] = await found(path);
    expect(sae?.orientation).toEqual({ value: 'rows', from });
  }
});

/** Returns a column of two lists of two values. */
function twoLists() {
  const lists = [
    [1, 2],
    [3, 4],
  ];
  return vectorFromArray(lists, new FixedSizeList(2, new Field('item', new Float32(), false)));
}

test('a weight that torch named is not taken for vectors because a table has it in rows', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, { 'w.arrow': tableToIPC(new Table({ 'decoder.weight': twoLists() }), 'file') });
  expect((await found(join(folder, 'w.arrow')))[0]).not.toHaveProperty('orientation');
});

test('a column of single numbers that cannot be read is not taken for the decoder', async () => {
  const folder = await tempFolder();
  const table = new Table({ v: twoLists(), score: vectorFromArray([1, null], new Float32()) });
  await writeFiles(folder, { 'w.arrow': tableToIPC(table, 'file') });
  const [sae] = await found(join(folder, 'w.arrow'));
  expect(sae?.decoder).toMatchObject({ name: 'v', shape: [2, 2] });
});
