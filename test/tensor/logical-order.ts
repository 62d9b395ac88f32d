import { dtypeSize } from '../../src/tensor/dtype.ts';
import type { Ranges } from '../../src/tensor/ranges.ts';
import { rowBlocks } from '../../src/tensor/row-blocks.ts';
import type { Matrix, Tensor } from '../../src/tensor/tensor.ts';

/** Reads rows of a matrix through the block reader, one after another; by default all of them. */
export async function readRows(matrix: Matrix, ranges: Ranges = [[0, matrix.rows]]): Promise<Float32Array> {
  const pieces: Float32Array[] = [];
  for await (const { count, width, values } of rowBlocks(matrix, ranges)) pieces.push(values.slice(0, count * width));
  const all = new Float32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Reads every value of a tensor through the block reader, in row-major order of its indices, whatever its strides. */
export async function readLogical(tensor: Tensor): Promise<Float32Array> {
  // If one axis is empty, the others may claim any length.
  if (tensor.shape.includes(0)) return new Float32Array(0);
  const all: number[] = [];
  for (const matrix of lastTwoAxes(tensor)) {
    for (const value of await readRows(matrix)) all.push(value);
  }
  return Float32Array.from(all);
}

/** Returns the matrices that the last two axes span, one for each index of the axes before them. */
function lastTwoAxes(tensor: Tensor): Matrix[] {
  const [width, columnStride] = [tensor.shape.at(-1) ?? 1, tensor.strides.at(-1) ?? 1];
  const [rows, rowStride] = [tensor.shape.at(-2) ?? 1, tensor.strides.at(-2) ?? width];
  const outer = tensor.shape.slice(0, -2);
  let starts = [0];
  outer.forEach((length, axis) => {
    const stride = tensor.strides[axis] as number;
    starts = starts.flatMap((start) => Array.from({ length }, (_, i) => start + i * stride));
  });
  return starts.map((start) => slab(tensor, start, { rows, width, rowStride, columnStride }));
}

/** Returns a matrix that begins `start` elements into a tensor and walks it by strides of its own. */
export function slab(tensor: Tensor, start: number, walk: Omit<Matrix, 'tensor'>): Matrix {
  return { tensor: { ...tensor, offset: tensor.offset + start * dtypeSize(tensor.dtype) }, ...walk };
}
