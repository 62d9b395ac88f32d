import { readBytes } from './byte-source.ts';
import { decode, dtypeSize } from './dtype.ts';
import { elementCount, type Tensor } from './tensor.ts';

/**
 * A small dense array whole, as doubles in logical (C) order: float64 keeps every bit, and 64-bit integers are exact to
 * 2^53. For what is computed with; what is only sent comes through `rowBlocks`.
 */
export async function readNumbers(tensor: Tensor): Promise<Float64Array> {
  const count = elementCount(tensor.shape);
  const bytes = await readBytes(tensor.bytes, tensor.offset, count * dtypeSize(tensor.dtype));
  const stored = decodeDoubles(tensor, bytes, count);
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

function decodeDoubles({ dtype, bigEndian }: Tensor, bytes: Uint8Array<ArrayBuffer>, count: number): ArrayLike<number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const each = (read: (at: number) => number) => Float64Array.from({ length: count }, (_, i) => read(i * 8));
  if (dtype === 'F64') return each((at) => view.getFloat64(at, !bigEndian));
  if (dtype === 'I64') return each((at) => Number(view.getBigInt64(at, !bigEndian)));
  if (dtype === 'U64') return each((at) => Number(view.getBigUint64(at, !bigEndian)));
  // 32-bit integers and anything narrower than float32 fit a double, but not all of them a float32.
  if (dtype === 'I32') return Float64Array.from({ length: count }, (_, i) => view.getInt32(i * 4, !bigEndian));
  if (dtype === 'U32') return Float64Array.from({ length: count }, (_, i) => view.getUint32(i * 4, !bigEndian));
  const values = new Float32Array(count);
  decode(dtype, bigEndian, bytes, count, values, 0);
  return values;
}
