import { readBytes } from '../tensor/byte-source.ts';
import { dtypeSize } from '../tensor/dtype.ts';
import { denseStrides, elementCount, type Tensor } from '../tensor/tensor.ts';

/**
 * Reads a whole small .npy array with npyjs, in C order and as float32.
 * Undefined if npyjs cannot: big-endian elements, Fortran order of more than one dimension, which it flags but does not
 * reorder, and valid files that it rejects (keys in double quotes, data that is not aligned to its elements).
 * The length was checked when the file was opened: npyjs reads truncated data without an error.
 */
export async function readNpyWhole(tensor: Tensor): Promise<Float32Array | undefined> {
  const cOrder = denseStrides(tensor.shape);
  if (tensor.bigEndian || tensor.strides.some((stride, axis) => stride !== cOrder[axis])) return undefined;
  const { parse } = await import('npyjs');
  const length = tensor.offset + elementCount(tensor.shape) * dtypeSize(tensor.dtype);
  const image = await readBytes(tensor.bytes, 0, length);
  try {
    const { data } = parse(image.buffer);
    return Float32Array.from(data as unknown as ArrayLike<number | bigint>, Number);
  } catch {
    return undefined;
  }
}
