import { describe, expect, test } from 'vitest';
import { matrixOf } from '../../src/tensor/tensor.ts';
import { asFloat32, firstDifference, opened } from '../fixtures.ts';
import { readLogical, readRows } from '../tensor/logical-order.ts';
import { fixturesIn, promisesOf } from './promises.ts';

const folders: [folder: string, atLeast: number][] = [
  ['npy', 50],
  ['npz', 27],
  ['safetensors', 53],
  ['json', 15],
  ['vectors', 21],
  ['arrow', 75],
  ['sae-tiny-encodings', 11],
];

test.each(folders)('the folder %s holds at least %i fixtures', (folder, atLeast) => {
  expect(fixturesIn(folder).length).toBeGreaterThanOrEqual(atLeast);
});

const fixtures = folders.flatMap(([folder]) => fixturesIn(folder));
const matricesOf = (path: string) => [...promisesOf(path).tensors].filter(([, { shape }]) => shape.length === 2);
const withTensors = fixtures.filter(([, path]) => promisesOf(path).tensors.size > 0);
const withMatrices = fixtures.filter(([, path]) => matricesOf(path).length > 0);

test('at least 261 fixtures hold tensors, and 209 of them matrices', () => {
  expect(withTensors.length).toBeGreaterThanOrEqual(261);
  expect(withMatrices.length).toBeGreaterThanOrEqual(209);
});

describe.each(fixtures)('%s', (_, path) => {
  test('has the format and exactly the tensors, dtypes and shapes of its sidecar', async () => {
    const { format, tensors, undecodable } = promisesOf(path);
    const file = await opened(path);
    const found = [...file.tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
    const expected = [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
    expect(file.format).toBe(format);
    expect([...file.undecodable.keys()].sort()).toEqual([...undecodable.keys()].sort());
    for (const [name, reason] of undecodable) expect(file.undecodable.get(name)?.toLowerCase()).toMatch(reason);
    expect(byName(found)).toEqual(byName(expected));
  });
});

describe.each(withTensors)('%s', (_, path) => {
  test('has the values of its sidecar when read block by block', async () => {
    const file = await opened(path);
    for (const [name, promise] of promisesOf(path).tensors) {
      const values = await readLogical(file.tensors.get(name)!);
      expect(firstDifference(values, asFloat32(promise)), name).toBeUndefined();
    }
  });
});

describe.each(withMatrices)('%s', (_, path) => {
  test('has the same values when its columns are read as vectors', async () => {
    const file = await opened(path);
    for (const [name, promise] of matricesOf(path)) {
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
