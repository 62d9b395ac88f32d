import { AppError } from '../errors.ts';
import { readBytes } from './byte-source.ts';
import { type Dtype, decode, dtypeSize } from './dtype.ts';
import { elementCount, label, type Tensor } from './tensor.ts';

/** Elements decoded at a time. */
const chunkValues = 1 << 16;

/**
 * Reads `count` consecutive elements as doubles: counts and identifiers must not be rounded to float32, as weights are.
 * The caller has checked that they are there. Elements for which `counts` returns false may be anything.
 * Errors: format_unsupported for integers that a double rounds.
 */
export async function readNumbers(
  tensor: Omit<Tensor, 'shape' | 'strides'>,
  count: number,
  counts: (at: number) => boolean = () => true,
): Promise<Float64Array> {
  const size = dtypeSize(tensor.dtype);
  const values = new Float64Array(count);
  for (let at = 0; at < count; at += chunkValues) {
    const length = Math.min(chunkValues, count - at);
    const bytes = await readBytes(tensor.bytes, tensor.offset + at * size, length * size);
    decodeDoubles(tensor, bytes, values.subarray(at, at + length), (i) => counts(at + i));
  }
  return values;
}

/** Reads a whole small dense array as doubles in logical (C) order. Errors: those of `readNumbers`. */
export async function readInOrder(tensor: Tensor): Promise<Float64Array> {
  const count = elementCount(tensor.shape);
  const stored = await readNumbers(tensor, count);
  const inOrder = new Float64Array(count);
  const index = tensor.shape.map(() => 0);
  for (let at = 0; at < count; at++) {
    inOrder[at] = stored[index.reduce((sum, i, axis) => sum + i * (tensor.strides[axis] as number), 0)] as number;
    advance(index, tensor.shape);
  }
  return inOrder;
}

/** Counts up like an odometer: the last axis runs fastest. */
function advance(index: number[], shape: readonly number[]): void {
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = (index[axis] as number) + 1;
    if ((index[axis] as number) < (shape[axis] as number)) return;
    index[axis] = 0;
  }
}

/** Types that a float32 does not hold exactly. */
const wide: Partial<Record<Dtype, (view: DataView, at: number, little: boolean) => number>> = {
  F64: (view, at, little) => view.getFloat64(8 * at, little),
  I64: (view, at, little) => Number(view.getBigInt64(8 * at, little)),
  U64: (view, at, little) => Number(view.getBigUint64(8 * at, little)),
  I32: (view, at, little) => view.getInt32(4 * at, little),
  U32: (view, at, little) => view.getUint32(4 * at, little),
};

function decodeDoubles(
  tensor: Omit<Tensor, 'shape' | 'strides'>,
  bytes: Uint8Array<ArrayBuffer>,
  into: Float64Array,
  counts: (at: number) => boolean,
): void {
  const { dtype, bigEndian } = tensor;
  const read = wide[dtype];
  if (!read) {
    const singles = new Float32Array(into.length);
    decode(dtype, bigEndian, bytes, into.length, singles, 0);
    into.set(singles);
    return;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isInteger = dtype !== 'F64';
  for (let i = 0; i < into.length; i++) {
    const value = read(view, i, !bigEndian);
    if (isInteger && !Number.isSafeInteger(value) && counts(i)) {
      throw new AppError('format_unsupported', `${label(tensor)}: holds ${value}, beyond 2^53: JSON would round it`);
    }
    into[i] = value;
  }
}

/** Returns the shortest decimal number that rounds to this float32, such as 0.05 for the float32 nearest to 0.05. */
export function shortestDecimal(single: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(single.toPrecision(digits));
    if (Math.fround(short) === single) return short;
  }
  return Number(single.toPrecision(9));
}
