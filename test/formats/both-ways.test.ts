import { expect, test } from 'vitest';
import { dataFiles, firstDifference, fixture, opened } from '../fixtures.ts';
import { readLogical } from '../tensor/logical-order.ts';

const files = ['npy', 'safetensors', 'vectors', 'sae-tiny-encodings'].flatMap(dataFiles);

test.each(files)('%s: what is read whole is what the block reader reads', async (_, path) => {
  const file = await opened(path);
  for (const tensor of file.tensors.values()) {
    const whole = await file.readWhole?.(tensor);
    if (whole) expect(firstDifference(whole, await readLogical(tensor)), tensor.name).toBeUndefined();
  }
});

test('most npy fixtures can be read whole, so the test above compares something', async () => {
  const npy = dataFiles('npy');
  let whole = 0;
  for (const [, path] of npy) {
    const file = await opened(path);
    if (await file.readWhole?.(file.tensors.get('')!)) whole++;
  }
  expect(whole).toBeGreaterThanOrEqual(25);
});

test.each([
  ['big endian', 'be_f4.npy'],
  ['big endian', 'be_i2.npy'],
  ['big endian', 'special_be_f8.npy'],
  ['Fortran order', 'fortran_f4.npy'],
  ['Fortran order', 'fortran_3d.npy'],
  ['both', 'fortran_be_f8.npy'],
])('%s (%s) is left to the block reader', async (_, name) => {
  const file = await opened(fixture('npy', name));
  expect(await file.readWhole?.(file.tensors.get('')!)).toBeUndefined();
});

test('a vector is read whole in the order of its file', async () => {
  const file = await opened(fixture('vectors', 'random-768-f32.npy'));
  expect(await file.readWhole?.(file.tensors.get('')!)).toHaveLength(768);
});
