import { readBytes } from '../tensor/byte-source.ts';
import type { Matrix } from '../tensor/tensor.ts';

/** A row that cannot be sent, with its first value that is not finite as a float32. */
export interface BrokenRow {
  readonly row: number;
  readonly column: number;
  /** `NaN`, `Infinity`, or the number in the file that a float32 cannot hold. */
  readonly value: string;
  /** Whether the file has a finite number there. */
  readonly beyondFloat32: boolean;
}

/** Reads doubles that were decoded to infinity from the file again: they may be finite, but too large for a float32. */
export async function describeBroken(
  matrix: Matrix,
  found: readonly { row: number; column: number; value: number }[],
): Promise<BrokenRow[]> {
  const broken: BrokenRow[] = [];
  for (const { row, column, value } of found) {
    const isWide = matrix.tensor.dtype === 'F64' && !Number.isNaN(value);
    const stored = isWide ? await readDouble(matrix, row, column) : value;
    broken.push({ row, column, value: String(stored), beyondFloat32: Number.isFinite(stored) });
  }
  return broken;
}

async function readDouble(matrix: Matrix, row: number, column: number): Promise<number> {
  const { tensor, rowStride, columnStride } = matrix;
  const bytes = await readBytes(tensor.bytes, tensor.offset + (row * rowStride + column * columnStride) * 8, 8);
  return new DataView(bytes.buffer).getFloat64(0, !tensor.bigEndian);
}
