import type { Matrix } from './tensor.ts';

/**
 * Bytes of a block of rows, few enough to stay in the processor's cache until they are used. Blocks four times as large
 * take a twentieth longer, most of it for touching memory for the first time.
 */
export const blockBytes = 1 << 20;

/** How many rows of `rowBytes` fit into `bytes`: at least one, and no more than the matrix has. */
export function rowsThatFit(matrix: Matrix, bytes: number, rowBytes: number): number {
  return Math.max(1, Math.min(matrix.rows, Math.floor(bytes / Math.max(1, rowBytes))));
}

/** Reads blocks of a matrix into buffers of its own. */
export interface BlockReader {
  /** The most rows that a block holds. */
  readonly rows: number;
  /** Whether other work can go on while it reads. */
  readonly aside: boolean;
  /** Reads `count` rows of a range that ends at `until`. The values are valid until the next call. */
  read(start: number, count: number, until: number): Promise<Float32Array>;
  /** Drops what it has buffered of the file: the next read goes to the file again. */
  forget(): void;
}
