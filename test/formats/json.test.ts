import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openJsonText } from '../../src/formats/json.ts';
import { flatRow } from '../../src/tensor/tensor.ts';
import { opened, tempFolder } from '../fixtures.ts';
import { readRows } from '../tensor/logical-order.ts';

test('text without a file is opened under the given name', async () => {
  const file = openJsonText('standard input', Buffer.from('{"vector": [0.1, 0.2]}'));
  expect(file).toMatchObject({ path: 'standard input', format: 'json' });
  const vector = file.tensors.get('vector')!;
  expect(vector).toMatchObject({ file: 'standard input', name: 'vector', dtype: 'F64', shape: [2] });
  expect([...(await readRows(flatRow(vector)))]).toEqual([Math.fround(0.1), Math.fround(0.2)]);
  await file.close();
  expect(() => openJsonText('standard input', Buffer.from('[0.5, NaN]'))).toThrow(
    'standard input: holds NaN at position 6 (line 1, column 7), which is not a valid JSON number',
  );
});

test('text without a file may begin with a byte order mark, and must be UTF-8', async () => {
  const marked = openJsonText('standard input', Buffer.from('\ufeff[0.5]'));
  expect([...(await readRows(flatRow(marked.tensors.get('')!)))]).toEqual([0.5]);
  expect(() => openJsonText('standard input', Buffer.from('\ufeff[0.5]', 'utf16le'))).toThrow(
    'standard input: is not UTF-8 text',
  );
});

test('a line break in a name is escaped in errors', () => {
  expect(() => openJsonText('-', Buffer.from('{"a\\nb": ["x"]}'))).toThrow(/"a\\nb"|a\\nb\[0\]/);
  expect(() => openJsonText('-', Buffer.from('{"a\\nb": [1], "a\\nb": [2]}'))).toThrow('has the key "a\\nb" twice');
});

test('a line break in a tensor name of an index is escaped in errors', async () => {
  const path = join(await tempFolder(), 'model.safetensors.index.json');
  for (const shard of ['../x.safetensors', 'x.bin']) {
    await writeFile(path, JSON.stringify({ weight_map: { 'a\nb': shard } }));
    await expect(opened(path)).rejects.toMatchObject({ message: expect.stringMatching(/^[^\n]*"a\\nb"[^\n]*$/) });
  }
});

test('a number is rounded once, to the nearest float32', async () => {
  // Just above halfway between two float32 values: rounding to fewer digits first would then round down.
  const file = openJsonText('-', Buffer.from('[1.0000000596046450, 16777217.0000001]'));
  expect([...(await readRows(flatRow(file.tensors.get('')!)))]).toEqual([1 + 2 ** -23, 16777218]);
});

test('the word NaN in a string is not reported as an invalid number', () => {
  expect(() => openJsonText('-', Buffer.from('{"note": "NaN", "vector": [1,]}'))).toThrow(/is not JSON/);
});

test('an index of shards is no vector, and is not read as an index without a file', () => {
  const index = '{"weight_map": {"W_dec": "model.safetensors"}}';
  expect(() => openJsonText('-', Buffer.from(index))).toThrow(/holds no array of numbers.*"weight_map"/);
});

test('more JSON than is held in memory is refused before it is read', async () => {
  const path = join(await tempFolder(), 'large.json');
  await writeFile(path, Buffer.alloc((64 << 20) + 1, '[ '));
  await expect(opened(path)).rejects.toMatchObject({
    code: 'format_invalid',
    message: expect.stringContaining('67108865 bytes of JSON'),
    hints: [expect.stringContaining('.npy')],
  });
});

test.each([
  ['length 123', 0x7b],
  ['length 91', 0x5b],
])('safetensors whose header has %s is not taken for JSON, though it begins like it', async (_, length) => {
  const header = '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}'.padEnd(length);
  const path = join(await tempFolder(), 'weights.bin');
  const start = Buffer.alloc(8);
  start.writeUInt32LE(length);
  await writeFile(path, Buffer.concat([start, Buffer.from(header), Buffer.alloc(4)]));
  expect((await opened(path)).format).toBe('safetensors');
});
