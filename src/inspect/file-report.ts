import { stat } from 'node:fs/promises';
import type { TensorFile } from '../formats/format.ts';
import { dtypeSize } from '../tensor/dtype.ts';
import { denseStrides, elementCount, type Tensor } from '../tensor/tensor.ts';

/** A tensor as a file describes it. */
export interface TensorReport {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Of its values, unpacked. */
  readonly bytes: number;
  readonly order: 'C' | 'Fortran';
  readonly byteOrder: 'little' | 'big';
}

/** A weight file and all that is in it. */
export interface FileReport {
  readonly path: string;
  readonly format: string;
  /** Length of the file itself; of an index, not of its shards. */
  readonly bytes: number;
  readonly tensors: readonly TensorReport[];
  /** What is there and cannot be decoded, and why. */
  readonly undecodable: readonly { readonly name: string; readonly reason: string }[];
  /** Free text that its writer left. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Describes an open file: its header, no values. */
export async function reportFile(file: TensorFile): Promise<FileReport> {
  const { size } = await stat(file.path);
  return {
    path: file.path,
    format: file.format,
    bytes: size,
    tensors: [...file.tensors.values()].map(reportTensor),
    undecodable: [...file.undecodable].map(([name, reason]) => ({ name, reason })),
    metadata: Object.fromEntries(file.metadata),
  };
}

function reportTensor(tensor: Tensor): TensorReport {
  const { name, dtype, shape, strides, bigEndian } = tensor;
  const cOrder = denseStrides(shape);
  // A length of 0 or 1 says nothing: its stride is never taken.
  const isC = strides.every((stride, axis) => (shape[axis] as number) < 2 || stride === cOrder[axis]);
  return {
    name,
    dtype,
    shape,
    bytes: elementCount(shape) * dtypeSize(dtype),
    order: isC ? 'C' : 'Fortran',
    byteOrder: bigEndian ? 'big' : 'little',
  };
}
