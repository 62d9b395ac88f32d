import type { Matrix } from './tensor.ts';

/** Rows of `rowBytes` that make up a block of `blockBytes`; at least one, and no more than there are. */
export function rowsThatFit(matrix: Matrix, blockBytes: number, rowBytes: number): number {
  return Math.max(1, Math.min(matrix.rows, Math.floor(blockBytes / Math.max(1, rowBytes))));
}

/** Reads blocks of a matrix into buffers of its own. */
export interface BlockReader {
  /** Rows a block holds at the most. */
  readonly rows: number;
  /** Other work goes on while it reads. */
  readonly aside: boolean;
  read(start: number, count: number): Promise<Float32Array>;
}
