import { expect, test } from 'vitest';
import { denseStrides, elementCount, flatRow, inMemory, label, matrixOf } from '../../src/tensor/tensor.ts';
import { fixture, opened, promisedTensors } from '../fixtures.ts';
import { readRows } from './logical-order.ts';

test.each([
  [[], [], []],
  [[5], [1], [1]],
  [
    [3, 4],
    [4, 1],
    [1, 3],
  ],
  [
    [2, 3, 4],
    [12, 4, 1],
    [1, 2, 6],
  ],
  [
    [1, 1, 7],
    [7, 7, 1],
    [1, 1, 1],
  ],
  [
    [3, 0],
    [0, 1],
    [1, 3],
  ],
])('shape %j has C strides %j and Fortran strides %j', (shape, c, fortran) => {
  expect(denseStrides(shape)).toEqual(c);
  expect(denseStrides(shape, true)).toEqual(fortran);
});

test.each([
  [[], 1],
  [[7], 7],
  [[2, 3, 4], 24],
  [[0], 0],
  [[5, 0, 3], 0],
  [[2 ** 53 - 1], 2 ** 53 - 1],
  [[2 ** 53], Number.NaN],
  [[2 ** 27, 2 ** 26], Number.NaN],
  [[2 ** 32, 2 ** 32], Number.NaN],
  [[0, 2 ** 32, 2 ** 32], Number.NaN],
  [[2 ** 32, 2 ** 32, 0], Number.NaN],
])('shape %j has %d elements', (shape, count) => {
  expect(elementCount(shape)).toBe(count);
});

test('a matrix can be read by rows or by columns, and only a matrix can', async () => {
  const { tensors } = await opened(fixture('npy', 'le_f4.npy'));
  const tensor = tensors.get('')!;
  const [height, breadth] = tensor.shape;
  expect(matrixOf(tensor, 'rows')).toMatchObject({ rows: height, width: breadth, rowStride: breadth, columnStride: 1 });
  const columns = { rows: breadth, width: height, rowStride: 1, columnStride: breadth };
  expect(matrixOf(tensor, 'columns')).toMatchObject(columns);
  for (const name of ['vector_f4.npy', 'c_3d.npy', 'scalar_f8.npy']) {
    const { tensors: others } = await opened(fixture('npy', name));
    expect(() => matrixOf(others.get('')!, 'rows')).toThrow(/expected 2 dimensions, found shape \[/);
  }
});

test('a vector stored as a row, a column or flat gives the same flat row', async () => {
  for (const name of ['random-768-row.npy', 'random-768-column.npy', 'random-768-f32.npy']) {
    const path = fixture('vectors', name);
    const { tensors } = await opened(path);
    const [promise] = promisedTensors(path).values();
    expect([...(await readRows(flatRow(tensors.get('')!)))]).toEqual(promise!.values);
  }
});

test('values in memory are read like values in a file, and not beyond their end', async () => {
  const values = Float32Array.of(9, 1.5, -0, Number.NaN, 9);
  const stored = inMemory(values.subarray(1, 4));
  const tensor = { file: 'nowhere', name: '', ...stored };
  expect([...(await readRows(flatRow(tensor)))]).toEqual([1.5, -0, Number.NaN]);
  expect(stored.shape).toEqual([3]);
  await expect(stored.bytes.read(new Uint8Array(8), 8)).rejects.toThrow();
});

test('a tensor is labelled with its file and, if it has one, its name', () => {
  expect(label({ file: 'a.npy', name: '' })).toBe('a.npy');
  expect(label({ file: 'a.safetensors', name: 'W_dec' })).toBe('a.safetensors: tensor "W_dec"');
});

test('a tensor name in a label is escaped and shortened', () => {
  const file = 'a.npz';
  expect(label({ file, name: '' })).toBe('a.npz');
  expect(label({ file, name: 'W_dec' })).toBe('a.npz: tensor "W_dec"');
  expect(label({ file, name: 'x\nneuronpedia: hint: run rm' })).toBe('a.npz: tensor "x\\nneuronpedia: hint: run rm"');
  expect(label({ file, name: 'x'.repeat(300) })).toBe(`a.npz: tensor "${'x'.repeat(200)}…"`);
});
