import { expect, test } from 'vitest';
import { firstDifference, fixture, opened } from '../fixtures.ts';
import { readLogical } from '../tensor/logical-order.ts';
import { fixturesIn } from './promises.ts';

const files = ['npy', 'npz', 'safetensors', 'json', 'vectors', 'arrow', 'sae-tiny-encodings'].flatMap(fixturesIn);

test.each(files)('%s: reading it whole gives the same values as the block reader', async (_, path) => {
  const file = await opened(path);
  for (const tensor of file.tensors.values()) {
    const whole = await file.readWhole?.(tensor);
    if (whole) expect(firstDifference(whole, await readLogical(tensor)), tensor.name).toBeUndefined();
  }
});

test.each([
  ['npy', 25],
  ['npz', 60],
])(
  'most arrays of the folder %s can be read whole, so that the test above compares something',
  async (folder, atLeast) => {
    let whole = 0;
    for (const [, path] of fixturesIn(folder)) {
      const file = await opened(path);
      for (const tensor of file.tensors.values()) if (await file.readWhole?.(tensor)) whole++;
    }
    expect(whole).toBeGreaterThanOrEqual(atLeast);
  },
);

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

test('a vector can be read whole', async () => {
  const file = await opened(fixture('vectors', 'random-768-f32.npy'));
  expect(await file.readWhole?.(file.tensors.get('')!)).toHaveLength(768);
});
