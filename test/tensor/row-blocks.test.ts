import { existsSync } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFile } from '../../src/tensor/byte-source.ts';
import { eachRow, type Ranges } from '../../src/tensor/ranges.ts';
import { rowBlocks } from '../../src/tensor/row-blocks.ts';
import { type Matrix, matrixOf, type Orientation } from '../../src/tensor/tensor.ts';
import { npyImage, opened } from '../fixtures.ts';
import { readRows, slab } from './logical-order.ts';

const [rows, width] = [3000, 1500];
/** Each value encodes its position, and float32 holds them all exactly. */
const valueAt = (row: number, column: number) => row * width + column;

const encodings: [name: string, orientation: Orientation, descr: string, fortran: boolean][] = [
  ['c.npy', 'rows', '<f4', false],
  ['fortran.npy', 'rows', '<f4', true],
  ['transposed.npy', 'columns', '<f4', false],
  ['big-endian-fortran.npy', 'rows', '>f4', true],
];

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neuronpedia-test-'));
  const across = Float32Array.from({ length: rows * width }, (_, i) => i);
  const down = across.map((_, i) => valueAt(i % rows, Math.floor(i / rows)));
  for (const [name, orientation, descr, fortran] of encodings) {
    const data = Buffer.from((fortran || orientation === 'columns' ? down : across).slice().buffer);
    if (descr.startsWith('>')) data.swap32();
    const shape = orientation === 'rows' ? [rows, width] : [width, rows];
    await writeFile(join(folder, name), npyImage(descr, fortran, shape, data));
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function matrixIn(name: string, orientation: Orientation): Promise<Matrix> {
  const file = await opened(join(folder, name));
  return matrixOf(file.tensors.get('')!, orientation);
}

function wrongRows(ranges: Ranges, found: Float32Array, expected: (row: number, column: number) => number): number[] {
  const asked = [...eachRow(ranges)];
  expect(found.length % Math.max(1, asked.length)).toBe(0);
  const across = found.length / asked.length;
  return asked.filter((row, i) => found.subarray(i * across, (i + 1) * across).some((v, c) => v !== expected(row, c)));
}

describe.each(encodings)('%s, with vectors in its %s', (name, orientation) => {
  test('gives every row in order, in several blocks of a few MB', async () => {
    const matrix = await matrixIn(name, orientation);
    let [next, blocks, wrong] = [0, 0, 0];
    for await (const { start, count, width: across, values } of rowBlocks(matrix, [[0, rows]])) {
      expect([start, across]).toEqual([next, width]);
      expect(count * across * 4).toBeLessThanOrEqual(12 << 20);
      for (let i = 0; i < count * across; i++) if (values[i] !== start * width + i) wrong++;
      next += count;
      blocks++;
    }
    expect({ next, wrong }).toEqual({ next: rows, wrong: 0 });
    expect(blocks).toBeGreaterThan(1);
  });

  test('gives ranges with gaps, at the edges of blocks too', async () => {
    const matrix = await matrixIn(name, orientation);
    // Blocks of whole rows end at multiples of 174 here, bands of columns at multiples of 2,097.
    const ranges: Ranges = [
      [0, 1],
      [3, 5],
      [173, 176],
      [1043, 1045],
      [2096, 2099],
      [2999, 3000],
    ];
    const found = await readRows(matrix, ranges);
    expect(found).toHaveLength(12 * width);
    expect(wrongRows(ranges, found, valueAt)).toEqual([]);
  });

  test('gives ranges longer than a block', async () => {
    const matrix = await matrixIn(name, orientation);
    const ranges: Ranges = [
      [1, 701],
      [800, 2998],
    ];
    const found = await readRows(matrix, ranges);
    expect(found).toHaveLength((700 + 2198) * width);
    expect(wrongRows(ranges, found, valueAt)).toEqual([]);
  });

  test('gives nothing if no rows are requested', async () => {
    expect(await readRows(await matrixIn(name, orientation), [])).toHaveLength(0);
  });

  test('gives the same rows after an abandoned read, and to two reads at once', async () => {
    const matrix = await matrixIn(name, orientation);
    for await (const block of rowBlocks(matrix, [[2000, 3000]])) if (block.start >= 2000) break;
    const ranges: Ranges = [[0, 2500]];
    const all = [await readRows(matrix, ranges), ...(await Promise.all([1, 2].map(() => readRows(matrix, ranges))))];
    for (const found of all) expect(wrongRows(ranges, found, valueAt)).toEqual([]);
  });
});

test.each(['rows', 'columns'] as const)(
  'the current content of a file is read, not what it held before: %s',
  async (orientation) => {
    const path = join(folder, 'changed.npy');
    const write = (value: number) =>
      writeFile(path, npyImage('<f4', false, [8, 8], Buffer.from(new Float32Array(64).fill(value).buffer)));
    await write(1);
    const matrix = await matrixIn('changed.npy', orientation);
    expect([...(await readRows(matrix))]).toEqual(Array(64).fill(1));
    await write(2);
    expect([...(await readRows(matrix))]).toEqual(Array(64).fill(2));
  },
);

test('reads a slab with gaps between its rows: [750, 4, 1500] at [:, 2, :]', async () => {
  const { tensor } = await matrixIn('c.npy', 'rows');
  const walk = { rows: 750, width, rowStride: 4 * width, columnStride: 1 };
  const ranges: Ranges = [
    [0, 176],
    [347, 349],
    [749, 750],
  ];
  const found = await readRows(slab(tensor, 2 * width, walk), ranges);
  expect(wrongRows(ranges, found, (row, column) => valueAt(4 * row + 2, column))).toEqual([]);
});

test('reads a slab with gaps between its values: [3000, 500, 3] at [:, :, 1]', async () => {
  const { tensor } = await matrixIn('c.npy', 'rows');
  const walk = { rows, width: 500, rowStride: width, columnStride: 3 };
  const ranges: Ranges = [
    [0, 2],
    [2096, 2099],
    [2998, 3000],
  ];
  const found = await readRows(slab(tensor, 1, walk), ranges);
  expect(wrongRows(ranges, found, (row, column) => valueAt(row, 3 * column + 1))).toEqual([]);
});

test.each(['<f4', '<f8', '>f8'])(
  'reads columns with gaps between them, in several blocks of a band: %s [100, 12000] at [:, 1::2]',
  async (descr) => {
    const [lines, length] = [100, 12_000];
    const across = Float64Array.from({ length: lines * length }, (_, i) => i);
    const data = Buffer.from(descr === '<f4' ? Float32Array.from(across).buffer : across.buffer);
    if (descr === '>f8') data.swap64();
    await writeFile(join(folder, 'apart.npy'), npyImage(descr, false, [lines, length], data));
    const { tensor } = await matrixIn('apart.npy', 'columns');
    const walk = { rows: length / 2, width: lines, rowStride: 2, columnStride: length };
    const ranges: Ranges = [
      [0, 5000],
      [5400, 6000],
    ];
    const found = await readRows(slab(tensor, 1, walk), ranges);
    expect(wrongRows(ranges, found, (row, column) => column * length + 2 * row + 1)).toEqual([]);
  },
);

test.each([false, true])(
  'rows of width 0 come in one block, however many are claimed; Fortran order: %s',
  async (fortran) => {
    await writeFile(join(folder, 'no-width.npy'), npyImage('<f8', fortran, [2 ** 31, 0], new Uint8Array(0)));
    const blocks: [start: number, count: number, values: number][] = [];
    const matrix = await matrixIn('no-width.npy', 'rows');
    for await (const { start, count, values } of rowBlocks(matrix, [[0, 2 ** 31]])) {
      blocks.push([start, count, values.length]);
    }
    expect(blocks).toEqual([[0, 2 ** 31, 0]]);
  },
);

test.each([false, true])('no rows give nothing, however large their width; Fortran order: %s', async (fortran) => {
  await writeFile(join(folder, 'no-rows.npy'), npyImage('<f4', fortran, [0, 2 ** 45], new Uint8Array(0)));
  expect(await readRows(await matrixIn('no-rows.npy', 'rows'), [])).toHaveLength(0);
});

test('reads rows that are wider than a block one by one', async () => {
  const { tensor } = await matrixIn('c.npy', 'rows');
  const walk = { rows: 3, width: 1000 * width, rowStride: 1000 * width, columnStride: 1 };
  const blocks: [start: number, count: number, wrong: number][] = [];
  for await (const { start, count, values } of rowBlocks(slab(tensor, 0, walk), [[1, 3]])) {
    const wrong = values.reduce((sum, value, column) => sum + Number(value !== start * walk.width + column), 0);
    blocks.push([start, count, wrong]);
    expect(values).toHaveLength(walk.width);
  }
  expect(blocks).toEqual([
    [1, 1, 0],
    [2, 1, 0],
  ]);
});

describe('the block read ahead', () => {
  test.each(encodings)('of %s does not overwrite the rows in use', async (name, orientation) => {
    const matrix = await matrixIn(name, orientation);
    let wrong = 0;
    for await (const { start, count, values } of rowBlocks(matrix, [[0, rows]])) {
      // Takes longer than reading ahead.
      for (let time = 0; time < 2; time++) await readRows(matrix, [[start, start + count]]);
      for (let i = 0; i < count * width; i++) if (values[i] !== start * width + i) wrong++;
    }
    expect(wrong).toBe(0);
  });

  /** Returns a matrix whose reads are counted, and fail at positions for which `fails` is true. */
  async function watched(fails: (position: number) => boolean) {
    const { tensor, ...walk } = await matrixIn('c.npy', 'rows');
    const reads = { begun: 0, ended: 0 };
    const read = async (into: Uint8Array, position: number) => {
      reads.begun++;
      await new Promise(setImmediate);
      if (fails(position)) throw new Error('a bad sector');
      await tensor.bytes.read(into, position).finally(() => reads.ended++);
    };
    return { matrix: { ...walk, tensor: { ...tensor, bytes: { ...tensor.bytes, read } } }, reads };
  }

  test('has been read by the time an early stop returns, so that the file can be closed', async () => {
    const { matrix, reads } = await watched(() => false);
    for await (const { start } of rowBlocks(matrix, [[0, rows]])) {
      expect(start).toBe(0);
      break;
    }
    expect(reads).toEqual({ begun: 2, ended: 2 });
  });

  test('fails only once it is requested, and never if it is not', async () => {
    const { matrix } = await watched((position) => position > 1000);
    const starts: number[] = [];
    const all = async () => {
      for await (const { start } of rowBlocks(matrix, [[0, rows]])) starts.push(start);
    };
    await expect(all()).rejects.toThrow('a bad sector');
    expect(starts).toEqual([0]);
    for await (const _ of rowBlocks(matrix, [[0, rows]])) break;
  });
});

test.each(encodings)('%s, cut off after it was opened, is unreadable, not read as zeros', async (name, ...encoding) => {
  const [orientation, descr, fortran] = encoding;
  const path = join(folder, `cut-${name}`);
  await writeFile(path, npyImage(descr, fortran, [40, 50], new Uint8Array(8000)));
  const matrix = await matrixIn(`cut-${name}`, orientation);
  await truncate(path, 4000);
  await expect(readRows(matrix)).rejects.toMatchObject({
    code: 'file_unreadable',
    exitCode: 6,
    details: { file: path },
  });
});

// A regular file whose first byte cannot be read.
const unreadable = '/proc/self/mem';

test.skipIf(!existsSync(unreadable))('a failing disk is reported with the byte that cannot be read', async () => {
  const source = await openFile(unreadable);
  const failed = { code: 'file_unreadable', message: expect.stringContaining('cannot be read at byte 0 (EIO)') };
  await expect(source.read(new Uint8Array(8), 0)).rejects.toMatchObject(failed);
  const runs = { position: 0, stride: 8, length: 8, count: 1, pitch: 8 };
  await expect(source.readRuns?.(new Uint8Array(8), runs)).rejects.toMatchObject(failed);
  await source.close();
});
