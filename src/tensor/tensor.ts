import { endianness } from 'node:os';
import { AppError } from '../errors.ts';
import { type ByteSource, memoryBytes } from './byte-source.ts';
import { type Dtype, dtypeSize } from './dtype.ts';

/** An array stored in some bytes. Every format describes its contents this way. */
export interface Tensor {
  readonly file: string;
  /** Empty if the format has no names (.npy). */
  readonly name: string;
  readonly dtype: Dtype;
  readonly bigEndian: boolean;
  readonly shape: readonly number[];
  /** Elements from one index to the next, per axis. */
  readonly strides: readonly number[];
  /** Byte position of the first element. */
  readonly offset: number;
  readonly bytes: ByteSource;
  /** Set if the format itself says that the first axis counts vectors: one list per row of a table, one vector per line. */
  readonly byRow?: string;
}

/** A tensor as `rows` vectors of `width` values, after deciding which axis is which. Strides count elements. */
export interface Matrix {
  readonly tensor: Tensor;
  readonly rows: number;
  readonly width: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Which axis of a 2-D tensor counts the vectors: `rows` for `W[i, :]`, `columns` for `W[:, i]`. */
export type Orientation = 'rows' | 'columns';

/** Element strides of an array stored densely, C order unless `fortran`. */
export function denseStrides(shape: readonly number[], fortran = false): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = 0; i < shape.length; i++) {
    const axis = fortran ? i : shape.length - 1 - i;
    strides[axis] = step;
    step *= shape[axis] as number;
  }
  return strides;
}

/**
 * Number of elements, or NaN if the lengths multiply to more than a double counts exactly. An axis of length 0 does not
 * exempt the others from that limit, because strides are computed from them.
 */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const length of shape) {
    count *= length === 0 ? 1 : length;
    if (!Number.isSafeInteger(count)) return Number.NaN;
  }
  return shape.includes(0) ? 0 : count;
}

/** Views a 2-D tensor as vectors, one per index of the axis that `orientation` names. Errors: layout_unknown unless 2-D. */
export function matrixOf(tensor: Tensor, orientation: Orientation): Matrix {
  const [height, breadth] = tensor.shape;
  const [down, across] = tensor.strides;
  if (tensor.shape.length !== 2) {
    throw new AppError('layout_unknown', `${label(tensor)}: expected 2 dimensions, found shape [${tensor.shape}]`);
  }
  const [h, b, d, a] = [height, breadth, down, across] as [number, number, number, number];
  return orientation === 'rows'
    ? { tensor, rows: h, width: b, rowStride: d, columnStride: a }
    : { tensor, rows: b, width: h, rowStride: a, columnStride: d };
}

/** The part of a tensor at one index of an axis, without that axis: a view of the same bytes. */
export function slabOf(tensor: Tensor, axis: number, index: number): Tensor {
  const without = (numbers: readonly number[]) => numbers.filter((_, i) => i !== axis);
  const offset = tensor.offset + index * (tensor.strides[axis] as number) * dtypeSize(tensor.dtype);
  return { ...tensor, shape: without(tensor.shape), strides: without(tensor.strides), offset };
}

/** Views a tensor of any shape as one row, in storage order. */
export function flatRow(tensor: Tensor): Matrix {
  const width = elementCount(tensor.shape);
  return { tensor, rows: 1, width, rowStride: width, columnStride: 1 };
}

/** The storage fields of a tensor for values in memory, in the machine's byte order. */
export function inMemory(
  values: Float32Array,
): Pick<Tensor, 'bytes' | 'offset' | 'dtype' | 'bigEndian' | 'shape' | 'strides'> {
  const bigEndian = endianness() === 'BE';
  const bytes = memoryBytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return { bytes, offset: 0, dtype: 'F32', bigEndian, shape: [values.length], strides: [1] };
}

/** How errors and plans refer to a tensor: by its file and, if it has one, its name. */
export function label(tensor: Pick<Tensor, 'file' | 'name'>): string {
  return tensor.name === '' ? tensor.file : `${tensor.file}: tensor ${quoted(tensor.name)}`;
}

/** Longer names are cut: no real tensor has one. */
const longestName = 200;

/** Quotes a name that comes from a file for use within a line, escaping whatever could end the line. */
export function quoted(name: string): string {
  const short = name.length > longestName ? `${name.slice(0, longestName)}…` : name;
  return /[\p{Cc}\u2028\u2029]/u.test(short) ? JSON.stringify(short) : `"${short}"`;
}
