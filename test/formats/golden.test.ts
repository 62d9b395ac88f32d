import { describe, expect, test } from 'vitest';
import { matrixOf } from '../../src/tensor/tensor.ts';
import { asFloat32, dataFiles, firstDifference, opened, promisedTensors, sidecar } from '../fixtures.ts';
import { readLogical, readRows } from '../tensor/logical-order.ts';

const folders: [folder: string, atLeast: number][] = [
  ['npy', 50],
  ['safetensors', 45],
  ['vectors', 21],
  ['sae-tiny-encodings', 7],
];

test.each(folders)('the folder %s holds at least %i fixtures', (folder, atLeast) => {
  expect(dataFiles(folder).length).toBeGreaterThanOrEqual(atLeast);
});

describe.each(folders.flatMap(([folder]) => dataFiles(folder)))('%s', (_, path) => {
  const promised = [...promisedTensors(path)];

  test('is the format, with exactly the tensors, dtypes and shapes, that its sidecar says', async () => {
    const file = await opened(path);
    const found = [...file.tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
    const expected = promised.map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
    expect(file.format).toBe(sidecar<{ format: string }>(path).format);
    expect(file.undecodable.size).toBe(0);
    expect(byName(found)).toEqual(byName(expected));
  });

  test('has the values of its sidecar, read block by block', async () => {
    const file = await opened(path);
    for (const [name, promise] of promised) {
      const values = await readLogical(file.tensors.get(name)!);
      expect(firstDifference(values, asFloat32(promise)), name).toBeUndefined();
    }
  });

  test('has the same values where its columns are read as the vectors', async () => {
    const file = await opened(path);
    for (const [name, promise] of promised.filter(([, { shape }]) => shape.length === 2)) {
      const [height, breadth] = promise.shape as [number, number];
      const values = asFloat32(promise);
      const transposed = values.map((_, i) => values[(i % height) * breadth + Math.floor(i / height)]!);
      const found = await readRows(matrixOf(file.tensors.get(name)!, 'columns'));
      expect(firstDifference(found, transposed), name).toBeUndefined();
    }
  });
});

function byName<T extends { name: string }>(tensors: T[]): T[] {
  return tensors.sort((a, b) => (a.name < b.name ? -1 : 1));
}
