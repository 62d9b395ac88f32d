import { createHash } from 'node:crypto';
import { floatDigest } from '../tensor/float-digest.ts';
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

/** Digests rows that are fed in ascending order, block by block. */
export interface BlockHasher {
  /** Returns whether all values are finite. */
  add(block: RowBlock): boolean;
  /** Returns the digest of each block. */
  finish(): ReadonlyMap<number, string>;
}

/** Makes a digest of blocks of rows. It reveals accidental changes of a file. */
export function blockHasher(): BlockHasher {
  const hashes = new Map<number, string>();
  const digest = floatDigest();
  let current = -1;
  const close = () => {
    if (current >= 0) hashes.set(current, digest.take());
  };
  return {
    add({ start, count, width, values }) {
      let areFinite = true;
      for (let row = start; row < start + count; ) {
        const block = Math.floor(row / blockRows);
        if (block !== current) {
          close();
          current = block;
        }
        const end = Math.min(start + count, (block + 1) * blockRows);
        if (!digest.add(values.subarray((row - start) * width, (end - start) * width))) areFinite = false;
        row = end;
      }
      return areFinite;
    },
    finish() {
      close();
      current = -1;
      return hashes;
    },
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
