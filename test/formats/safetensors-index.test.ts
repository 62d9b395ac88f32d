import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { namedTensor } from '../../src/layouts/bare.ts';
import { fixture, opened, safetensorsOf, tempFolder, writeFiles } from '../fixtures.ts';
import { readLogical } from '../tensor/logical-order.ts';

const index = 'model.safetensors.index.json';

async function sharded(weight_map: object, metadata: object = { total_size: 56 }): Promise<string> {
  const folder = await tempFolder();
  await writeFiles(folder, {
    'one.safetensors': safetensorsOf({ W_dec: [2, 3], spare: [1] }),
    'two.safetensors': safetensorsOf({ W_enc: [3, 2], b_dec: [2] }),
    [index]: { metadata, weight_map },
  });
  return join(folder, index);
}

test('tensors come from the shards that the index names, and name their shard as their file', async () => {
  const path = await sharded({ W_dec: 'one.safetensors', b_dec: 'two.safetensors', W_enc: 'two.safetensors' });
  const file = await opened(path);
  expect(file.format).toBe('safetensors.index.json');
  expect([...file.tensors.keys()].sort()).toEqual(['W_dec', 'W_enc', 'b_dec']);
  expect(file.tensors.get('W_enc')?.file).toBe(join(path, '..', 'two.safetensors'));
  expect([...(await readLogical(file.tensors.get('b_dec')!))]).toEqual([0, 1]);
  expect(file.metadata.get('total_size')).toBe('56');
});

test('an index is recognised by its weight_map, however much precedes it', async () => {
  const path = await sharded({ W_dec: 'one.safetensors' }, { note: 'x'.repeat(5000) });
  expect([...(await opened(path)).tensors.keys()]).toEqual(['W_dec']);
});

test('a missing shard is named, with a hint where it should be', async () => {
  const path = await sharded({ W_dec: 'one.safetensors', b_dec: 'two.safetensors' });
  const shard = join(path, '..', 'two.safetensors');
  await rm(shard);
  await expect(opened(path)).rejects.toMatchObject({
    code: 'file_not_found',
    message: `${shard}: no such file, which ${path} names as a shard`,
    hints: [expect.stringContaining('beside the index')],
  });
});

test.each(['../one.safetensors', '/one.safetensors', 'sub/one.safetensors', 'sub\\one.safetensors', '..', '', '.x'])(
  'a shard called "%s" is not opened',
  async (shard) => {
    await expect(opened(await sharded({ W_dec: shard }))).rejects.toMatchObject({
      code: 'format_invalid',
      message: expect.stringContaining('not the name of a file beside it'),
    });
  },
);

test('a tensor that cannot be decoded is an error only if it is requested', async () => {
  const file = await opened(fixture('safetensors', index));
  expect(file.tensors.has('__proto__')).toBe(true);
  expect(() => namedTensor(file, 'scale')).toThrow(/tensor "scale": dtype F8_E8M0 is not read/);
});
