import { stat } from 'node:fs/promises';
import type { TensorFile } from '../formats/format.ts';
import { dtypeSize } from '../tensor/dtype.ts';
import { denseStrides, elementCount, type Tensor } from '../tensor/tensor.ts';

/** A tensor as a file describes it. */
export interface TensorReport {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Size of its values, uncompressed. */
  readonly bytes: number;
  readonly order: 'C' | 'Fortran';
  readonly byteOrder: 'little' | 'big';
}

/** A weight file and everything in it. */
export interface FileReport {
  readonly path: string;
  readonly format: string;
  /** Length of the file itself. For an index, its shards do not count. */
  readonly bytes: number;
  readonly tensors: readonly TensorReport[];
  /** Tensors that cannot be decoded, and why. */
  readonly undecodable: readonly { readonly name: string; readonly reason: string }[];
  /** Free text that its writer left. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Describes an open file from its header, without reading values. */
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
  // An axis of length 0 or 1 proves nothing: its stride is never used.
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
