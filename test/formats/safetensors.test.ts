import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { opened, safetensorsImage, tempFolder } from '../fixtures.ts';
import { readLogical } from '../tensor/logical-order.ts';

async function safetensors(header: object | string, size: number) {
  const path = join(await tempFolder(), 'weights.safetensors');
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const data = Uint8Array.from({ length: size }, (_, i) => i);
  await writeFile(path, safetensorsImage(text, data));
  return opened(path);
}

const u8 = (start: number, end: number) => ({ dtype: 'U8', shape: [end - start], data_offsets: [start, end] });
const f4 = (start: number, end: number) => ({
  dtype: 'F4',
  shape: [2 * Math.abs(end - start)],
  data_offsets: [start, end],
});

test('tensors are read at their offsets, whatever their order in the header', async () => {
  const file = await safetensors({ c: u8(3, 6), empty: u8(3, 3), 7: u8(6, 8), a: u8(0, 3) }, 8);
  const values = new Map<string, number[]>();
  for (const [name, tensor] of file.tensors) values.set(name, [...(await readLogical(tensor))]);
  expect(Object.fromEntries(values)).toEqual({ c: [3, 4, 5], empty: [], 7: [6, 7], a: [0, 1, 2] });
});

test.each([
  ['a hole', { a: u8(0, 2), b: u8(4, 6) }, /hole of 2 bytes before tensor "b"/],
  ['an overlap', { a: u8(0, 4), b: u8(3, 6) }, /"b" begins at byte 3 and overlaps another that ends at 4/],
  ['leftover bytes', { a: u8(0, 5) }, /1 trailing bytes/],
  ['missing bytes', { a: u8(0, 9) }, /its tensors take 9 bytes, found 6/],
  ['a late start', { a: u8(1, 6) }, /hole of 1 bytes before tensor "a"/],
  ['reversed offsets', { a: f4(4, 2), b: u8(2, 6) }, /"a": offsets \[4, 2\] begin after they end/],
  ['an overlap with a tensor of an unsupported type', { a: f4(0, 4), b: u8(3, 6) }, /overlaps/],
  [
    'a 4-bit tensor that ends within a byte',
    { a: { ...f4(0, 6), shape: [11] } },
    /F4 values of shape \[11\] take 5.5 bytes/,
  ],
  ['an empty tensor inside another', { a: u8(0, 6), b: u8(3, 3) }, /overlaps/],
  ['a tensor with nothing but a name', { a: {} }, /tensor "a": dtype is wrong/],
])('refuses %s', async (_, header, message) => {
  const failure = expect(safetensors(header, 6)).rejects;
  await failure.toMatchObject({ code: 'format_invalid', exitCode: 6, message: expect.stringMatching(message) });
});

test('only spaces may follow the header as padding', async () => {
  const header = JSON.stringify({ a: u8(0, 6) });
  expect((await safetensors(`${header}   `, 6)).tensors.size).toBe(1);
  for (const after of ['x', '{}', '\0']) {
    await expect(safetensors(header + after, 6)).rejects.toMatchObject({ code: 'format_invalid' });
  }
});

test('a header longer than the format allows is refused before it is read', async () => {
  const path = join(await tempFolder(), 'weights.safetensors');
  const start = Buffer.alloc(9, '{');
  start.writeBigUInt64LE(100_000_001n);
  await writeFile(path, start);
  await truncate(path, 200_000_000);
  await expect(opened(path)).rejects.toMatchObject({
    code: 'format_invalid',
    message: expect.stringContaining('claims a header of 100000001 bytes'),
  });
});
