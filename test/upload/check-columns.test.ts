import { join } from 'node:path';
import { expect, it } from 'vitest';
import { matrixOf, type Orientation, type Tensor } from '../../src/tensor/tensor.ts';
import { type CheckOptions, checkRows } from '../../src/upload/check-rows.ts';
import type { UploadEvent } from '../../src/upload/events.ts';
import { npyImage, opened, tempFolder, writeFiles } from '../fixtures.ts';

type Values = (row: number, column: number) => number;
const types = {
  '<f4': [4, 'setFloat32', true],
  '>f4': [4, 'setFloat32', false],
  '<f8': [8, 'setFloat64', true],
} as const;

/** Writes a matrix by rows, by columns as Fortran does, or transposed, and returns it as vectors. */
async function matrix(
  rows: number,
  width: number,
  at: Values,
  stored: 'rows' | 'fortran' | 'transposed',
  type: keyof typeof types,
) {
  const [size, set, isLittle] = types[type];
  const bytes = new Uint8Array(rows * width * size);
  const view = new DataView(bytes.buffer);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < width; column++) {
      const place = stored === 'rows' ? row * width + column : column * rows + row;
      view[set](place * size, at(row, column), isLittle);
    }
  }
  const folder = await tempFolder();
  const shape = stored === 'transposed' ? [width, rows] : [rows, width];
  await writeFiles(folder, { 'w.npy': npyImage(type, stored === 'fortran', shape, bytes) });
  const { tensors } = await opened(join(folder, 'w.npy'));
  const orientation: Orientation = stored === 'transposed' ? 'columns' : 'rows';
  return matrixOf(tensors.get('') as Tensor, orientation);
}

/** Checks some rows and returns what was found, with the number of rows that each event reported. */
async function check(
  given: Awaited<ReturnType<typeof matrix>>,
  options: CheckOptions = {},
  planned = [[0, given.rows]] as const,
) {
  const reported: number[] = [];
  const onEvent = (event: UploadEvent) => event.type === 'checking' && reported.push(event.rows);
  const { blocks, bad } = await checkRows(given, planned, onEvent, { skipBad: true, ...options });
  return { blocks: [...blocks], bad: [...bad], last: reported.at(-1) };
}

const smooth: Values = (row, column) => Math.fround(Math.sin(row * 31 + column));

it.each([
  [1, 5],
  [7, 1],
  [1025, 3],
  [3000, 19],
  [16_390, 17],
])('a file by columns gives the digests of the same rows by rows: %d x %d', async (rows, width) => {
  const expected = await check(await matrix(rows, width, smooth, 'rows', '<f4'));
  expect(expected.blocks).toHaveLength(Math.ceil(rows / 1024));
  for (const type of Object.keys(types) as (keyof typeof types)[]) {
    for (const stored of ['fortran', 'transposed'] as const) {
      expect(await check(await matrix(rows, width, smooth, stored, type)), `${stored} ${type}`).toEqual(expected);
    }
  }
});

it('some of the rows are read with the rest of their blocks', async () => {
  const planned = [
    [1500, 1501],
    [5000, 5100],
  ] as const;
  const byRows = await check(await matrix(6000, 4, smooth, 'rows', '<f4'), {}, planned as never);
  expect(byRows.blocks.map(([block]) => block)).toEqual([1, 4]);
  expect(await check(await matrix(6000, 4, smooth, 'fortran', '<f4'), {}, planned as never)).toEqual(byRows);
});

it('names the first bad value of each row, in the order of the rows, as for a file by rows', async () => {
  const isBad = (row: number, column: number) =>
    (row === 20_000 && column === 0) || (row === 5 && column > 1) || (row === 300 && column === 1) || row === 16_384;
  const at: Values = (row, column) => (isBad(row, column) ? Number.NaN : smooth(row, column));
  const [byRows, byColumns] = [
    await matrix(20_001, 4, at, 'rows', '<f4'),
    await matrix(20_001, 4, at, 'fortran', '<f4'),
  ];
  const found = await check(byColumns);
  expect(found.bad).toEqual([
    [5, 'value 2 is NaN'],
    [300, 'value 1 is NaN'],
    [16_384, 'value 0 is NaN'],
    [20_000, 'value 0 is NaN'],
  ]);
  expect(found).toEqual(await check(byRows));
  const error = (one: typeof byRows) => checkRows(one, [[0, 20_001]], () => undefined).catch((thrown) => thrown);
  const { message, details } = await error(byColumns);
  expect(message).toContain('4 rows hold NaN or infinity');
  expect(details).toMatchObject({ rows: [5, 300, 16_384, 20_000], count: 4 });
  const others = await error(byRows);
  // The files differ in their names only.
  expect(message.replace(byColumns.tensor.file, '')).toBe(others.message.replace(byRows.tensor.file, ''));
});

it('progress is told every few columns, in whole rows', async () => {
  const given = await matrix(16_500, 40, smooth, 'fortran', '<f4');
  const reported: unknown[] = [];
  await checkRows(given, [[0, 16_500]], (event) => reported.push(event));
  // 16,384 rows are read of 16, 32 and 40 columns, then the others.
  const rows = [6553, 13_107, 16_384, 16_430, 16_476, 16_500];
  expect(reported).toEqual(rows.map((read) => ({ type: 'checking', rows: read, total: 16_500 })));
});

it('if all values of some rows are bad, the first of each is named', async () => {
  const given = await matrix(40, 35, (row) => (row < 20 ? Number.NaN : row), 'fortran', '<f4');
  const expected = Array.from({ length: 20 }, (_, row) => [row, 'value 0 is NaN']);
  expect((await check(given)).bad).toEqual(expected);
});

it('rows that may be too large are read as rows', async () => {
  const sizes = async ({ start, values }: { start: number; values: Float32Array }) =>
    new Map([[start, `begins with ${values[0]}, ${values[1]}`]]);
  const given = await matrix(2, 3, (row, column) => row * 10 + column, 'fortran', '<f4');
  expect((await check(given, { sizes })).bad).toEqual([[0, 'begins with 0, 1']]);
});
