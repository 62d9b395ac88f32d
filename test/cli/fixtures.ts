import { fileURLToPath } from 'node:url';
import { openTensorFile } from '../../src/formats/open.ts';
import { rowBlocks } from '../../src/tensor/row-blocks.ts';
import { flatRow, type Matrix, matrixOf, type Orientation, type Tensor } from '../../src/tensor/tensor.ts';

/** Returns the path of a file in `fixtures`. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
}

export const tinySae = fixture('sae-tiny');

async function readMatrix(path: string, name: string, as: (tensor: Tensor) => Matrix): Promise<string[]> {
  const file = await openTensorFile(path);
  try {
    const matrix = as(file.tensors.get(name) as Tensor);
    const rows: string[] = [];
    for await (const { count, width, values } of rowBlocks(matrix, [[0, matrix.rows]])) {
      for (let i = 0; i < count; i++) rows.push(hexOf(values.subarray(i * width, (i + 1) * width)));
    }
    return rows;
  } finally {
    await file.close();
  }
}

/** Reads each row of a matrix in a file as the hex of its float32 bytes: what a store must hold. */
export function rowsOf(path: string, name = '', orientation: Orientation = 'rows'): Promise<string[]> {
  return readMatrix(path, name, (tensor) => matrixOf(tensor, orientation));
}

/** Reads the only vector of a file in the same form. */
export async function vectorOf(path: string, name = ''): Promise<string> {
  return (await readMatrix(path, name, flatRow))[0] as string;
}

/** Encodes values as little-endian float32 bytes, in hex. */
export function hexOf(values: ArrayLike<number>): string {
  return Buffer.from(Float32Array.from(values).buffer).toString('hex');
}

/** Makes an npy file of float32 values in C order. */
export function npyFile(shape: readonly number[], valueAt: (position: number) => number): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padded = `${header}${' '.repeat(63 - ((10 + header.length) % 64))}\n`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${padded}`, 'latin1');
  head.writeUInt16LE(padded.length, 8);
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => valueAt(i));
  return Buffer.concat([head, Buffer.from(values.buffer)]);
}
