import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { npyImage, npyImageOf, opened, tempFolder } from '../fixtures.ts';
import { readLogical } from '../tensor/logical-order.ts';

const three = Float32Array.of(1.5, -0, 3);
const bytes = new Uint8Array(three.buffer);

async function npy(image: Uint8Array) {
  const path = join(await tempFolder(), 'array.npy');
  await writeFile(path, image);
  return opened(path);
}

test.each(['<f4', '=f4', '|f4', 'f4'])('elements of %s are little-endian', async (descr) => {
  const file = await npy(npyImage(descr, false, [3], bytes));
  expect([...(await readLogical(file.tensors.get('')!))]).toEqual([1.5, -0, 3]);
});

test('a version 2 header longer than version 1 allows is read', async () => {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}`.padEnd(70_000);
  const file = await npy(npyImageOf(2, header, bytes));
  expect([...(await readLogical(file.tensors.get('')!))]).toEqual([1.5, -0, 3]);
});

test('a header longer than any real one is refused by the length that it claims', async () => {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}`.padEnd(150_000);
  await expect(npy(npyImageOf(2, header, bytes))).rejects.toMatchObject({
    code: 'format_invalid',
    message: expect.stringContaining('claims a header of 150000 bytes'),
  });
});

test('bytes after the array are ignored, as in numpy, but a missing byte is an error', async () => {
  const more = await npy(npyImage('<f4', false, [2], bytes));
  expect([...(await readLogical(more.tensors.get('')!))]).toEqual([1.5, -0]);
  await expect(npy(npyImage('<f4', false, [3], bytes.subarray(0, 11)))).rejects.toMatchObject({
    code: 'format_invalid',
    message: expect.stringMatching(/F32 values of shape \[3\] take 12 bytes, found 11/),
  });
});

test('bfloat16, which numpy has no name for, is refused with a hint at .safetensors', async () => {
  await expect(npy(npyImage('|V2', false, [6], bytes))).rejects.toMatchObject({
    code: 'format_unsupported',
    message: expect.stringContaining('bfloat16'),
    hints: [expect.stringContaining('.safetensors')],
  });
});
