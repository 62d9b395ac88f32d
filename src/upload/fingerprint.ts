import { createHash } from 'node:crypto';
import { digestFloats, type FloatDigest } from '../tensor/float-digest.ts';
import { mergeRanges, type Range, type Ranges } from '../tensor/ranges.ts';
import type { RowBlock } from '../tensor/row-blocks.ts';

/**
 * Rows are fingerprinted in blocks of this many, so that runs over different features can be compared where they overlap,
 * and a change can be narrowed down to its rows.
 */
export const blockRows = 1024;

/** Widens ranges to whole blocks of a matrix with `rows` rows. */
export function wholeBlocks(ranges: Ranges, rows: number): Ranges {
  return mergeRanges(
    ranges.map(([start, end]): Range => {
      const last = Math.ceil(end / blockRows) * blockRows;
      return [Math.floor(start / blockRows) * blockRows, Math.min(rows, last)];
    }),
  );
}

/** Digests the blocks that rows lie in. All parts of a block must be added once, in any order. */
export interface BlockHasher {
  /** Adds rows. Returns whether all their values are finite. */
  add(rows: RowBlock): boolean;
  /** Adds values of consecutive rows from `start` on, all in one column. Returns whether they are finite. */
  addColumn(column: number, start: number, values: Float32Array): boolean;
  /** Returns the digest of each block. */
  finish(): ReadonlyMap<number, string>;
}

/** Makes digests of the blocks of a matrix of this width. They reveal accidental changes of a file. */
export function blockHasher(width: number): BlockHasher {
  const sums = new Map<number, number>();
  /** Adds rows block by block. `part` digests some of those given; `first` is the position in the block where they begin. */
  const addRows = (start: number, count: number, part: (from: number, end: number, first: number) => FloatDigest) => {
    let areFinite = true;
    for (let row = start; row < start + count; ) {
      const block = Math.floor(row / blockRows);
      const end = Math.min(start + count, (block + 1) * blockRows);
      const digest = part(row - start, end - start, (row % blockRows) * width);
      sums.set(block, ((sums.get(block) ?? 0) + digest.sum) | 0);
      if (!digest.areFinite) areFinite = false;
      row = end;
    }
    return areFinite;
  };
  return {
    add: ({ start, count, values }) =>
      addRows(start, count, (from, end, first) => digestFloats(values.subarray(from * width, end * width), first, 1)),
    addColumn: (column, start, values) =>
      addRows(start, values.length, (from, end, first) =>
        digestFloats(values.subarray(from, end), first + column, width),
      ),
    finish: () => new Map([...sums].map(([block, sum]) => [block, (sum >>> 0).toString(16).padStart(8, '0')])),
  };
}

/** SHA-256 of one vector's float32 values, little-endian, in hex: what a server calls `vectorHash`. */
export function vectorHash(values: Float32Array, from: number, width: number): string {
  return createHash('sha256')
    .update(float32Bytes(values, from, width))
    .digest('hex');
}

/** Returns the same digest without the sign of zeros, for servers that lose it. */
export function looseHash(values: Float32Array): string {
  return vectorHash(
    values.map((value) => value + 0),
    0,
    values.length,
  );
}

function float32Bytes(values: Float32Array, from: number, count: number): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset + from * 4, count * 4);
}
