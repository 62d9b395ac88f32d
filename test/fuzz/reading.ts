import { expect } from 'vitest';
import type { AppError } from '../../src/errors.ts';
import type { TensorFile } from '../../src/formats/format.ts';
import { openTensorFile } from '../../src/formats/open.ts';
import { isFloat } from '../../src/tensor/dtype.ts';
import { readInOrder } from '../../src/tensor/numbers.ts';
import type { Ranges } from '../../src/tensor/ranges.ts';
import { elementCount, matrixOf, slabOf, type Tensor } from '../../src/tensor/tensor.ts';
import { firstDifference } from '../fixtures.ts';
import { readLogical, readRows } from '../tensor/logical-order.ts';
import { doublesOf, type Plain, product } from './arrays.ts';

/** More values than any of these files holds: a tensor with more of them is made up. */
const mostValues = 1 << 20;

/** Opens a file for some work, and closes it afterwards. */
export async function withFile<T>(path: string, work: (file: TensorFile) => Promise<T>): Promise<T> {
  const file = await openTensorFile(path);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** Reads a tensor in every possible way, and expects the numbers that its writer meant. */
export async function expectValues(file: TensorFile, tensor: Tensor, expected: Plain): Promise<void> {
  expect({ dtype: tensor.dtype, shape: tensor.shape }).toEqual({ dtype: expected.dtype, shape: [...expected.shape] });
  const count = product(expected.shape);
  expect(count).toBeLessThan(mostValues);
  const doubles = doublesOf(expected.dtype, expected.data, count);
  const floats = Float32Array.from(doubles);
  same(await readLogical(tensor), floats, 'row by row');
  const whole = await file.readWhole?.(tensor);
  if (whole) same(whole, floats, 'whole');
  await expectDoubles(tensor, doubles);
  if (tensor.shape.length === 2) await expectMatrix(tensor, floats);
  if (tensor.shape.length === 3 && count > 0) await expectSlabs(tensor, floats);
}

function same(found: ArrayLike<number>, expected: ArrayLike<number>, how: string): void {
  expect(firstDifference(found, expected), how).toBeUndefined();
}

/** Expects the values as doubles, or a refusal if a double would round integers: they may be identifiers or counts. */
async function expectDoubles(tensor: Tensor, doubles: number[]): Promise<void> {
  const tooLarge = !isFloat(tensor.dtype) && doubles.some((value) => !Number.isSafeInteger(value));
  const found = await readInOrder(tensor).catch((error: unknown) => error);
  // A lie in the file is reported first.
  if ((found as AppError).code === 'format_invalid') throw found;
  if (tooLarge) expect((found as AppError).code).toBe('format_unsupported');
  else if (found instanceof Float64Array) same(found, doubles, 'as doubles');
  else throw found;
}

/** Expects all rows and some rows, then the same with columns as rows. */
async function expectMatrix(tensor: Tensor, floats: Float32Array): Promise<void> {
  const [height, width] = tensor.shape as [number, number];
  const turned = Float32Array.from(floats, (_, i) => floats[(i % height) * width + Math.floor(i / height)] as number);
  for (const [matrix, all] of [
    [matrixOf(tensor, 'rows'), floats],
    [matrixOf(tensor, 'columns'), turned],
  ] as const) {
    same(await readRows(matrix), all, 'as a matrix');
    const some: Ranges = [
      [0, Math.min(1, matrix.rows)],
      [Math.ceil(matrix.rows / 2), matrix.rows],
    ];
    const rows = some.filter(([from, to]) => from < to);
    const expected = rows.flatMap(([from, to]) => [...all.subarray(from * matrix.width, to * matrix.width)]);
    same(await readRows(matrix, rows), expected, 'some rows');
  }
}

/** Expects the last head of a 3-D decoder, whichever axis counts the heads. */
async function expectSlabs(tensor: Tensor, floats: Float32Array): Promise<void> {
  const [a, b, c] = tensor.shape as [number, number, number];
  for (const axis of [0, 1, 2]) {
    const last = (tensor.shape[axis] as number) - 1;
    const place = (i: number) => [Math.floor(i / (b * c)), Math.floor(i / c) % b, i % c][axis];
    const expected = floats.filter((_, i) => place(i) === last);
    expect(expected.length).toBe((a * b * c) / (last + 1));
    same(await readLogical(slabOf(tensor, axis, last)), expected, `head ${last} of axis ${axis}`);
  }
}

/** Reads all that a damaged file claims to hold. Expects every value to be there, the same in both ways of reading. */
export async function expectSound(file: TensorFile): Promise<void> {
  for (const tensor of file.tensors.values()) {
    const count = elementCount(tensor.shape);
    expect(count, `${tensor.name}: values`).toBeLessThan(mostValues);
    const values = await readLogical(tensor);
    expect(values.length, `${tensor.name} is read whole`).toBe(count);
    const whole = await file.readWhole?.(tensor);
    if (whole) same(whole, values, `${tensor.name} read whole`);
  }
}
