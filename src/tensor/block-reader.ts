import type { Matrix } from './tensor.ts';

/**
 * Bytes of a block of rows: what a processor keeps at hand until they are used. Four times as many take a twentieth longer,
 * most of it for memory that is touched for the first time.
 */
export const blockBytes = 1 << 20;

/** Rows of `rowBytes` that fit into `bytes`; at least one, and no more than there are. */
export function rowsThatFit(matrix: Matrix, bytes: number, rowBytes: number): number {
  return Math.max(1, Math.min(matrix.rows, Math.floor(bytes / Math.max(1, rowBytes))));
}

/** Reads blocks of a matrix into buffers of its own. */
export interface BlockReader {
  /** Rows a block holds at the most. */
  readonly rows: number;
  /** Other work goes on while it reads. */
  readonly aside: boolean;
  /** Of a range that ends at `until`, so many rows. The values hold until the next call. */
  read(start: number, count: number, until: number): Promise<Float32Array>;
  /** What it has read is no longer to be relied on. */
  forget(): void;
}
