import { createHash } from 'node:crypto';
import { intersectRanges, type Ranges, rangesOf } from './ranges.ts';

/** Which index each row of a matrix has as a feature. */
export interface Indices {
  /** SHA-256 of the mapping; undefined where each row's number is its index, which takes no memory. */
  readonly hash: string | undefined;
  /** Only some rows have one: files may well speak of others. */
  readonly isPart: boolean;
  indexOf(row: number): number;
  /** Undefined where no row has that index. */
  rowOf(index: number): number | undefined;
  /** The rows of those indices that rows have. */
  rowsOf(indices: Ranges): Ranges;
}

/** What an array is called that says which feature each row is: `feature_index` by SAEDashboard and in Llama Scope's Arrow files. */
export const indexNames: readonly string[] = ['index', 'feature_index'];

/** An object of a line of JSON with its index under the first of these names, whichever it has; null says nothing. */
export function withIndex(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || !('feature_index' in json)) return json;
  const { feature_index: other, ...rest } = json;
  const own = 'index' in rest ? rest.index : undefined;
  return (own ?? other ?? undefined) === undefined ? rest : { ...rest, index: own ?? other };
}

/** What is wrong with a line that has both names, in words: nothing where they agree, or one is null. */
export function indexFault(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || !('feature_index' in json) || !('index' in json)) return undefined;
  const { index, feature_index: other } = json;
  if ((index ?? null) === null || (other ?? null) === null || String(index) === String(other)) return undefined;
  return `says "index" ${JSON.stringify(index)} and "feature_index" ${JSON.stringify(other)}: which feature is it of?`;
}

/** The largest index that servers take. */
export const largestIndex = 10_000_000;

/** Rows that are numbered by where they stand. */
export function rowNumbers(rows: number): Indices {
  return {
    hash: undefined,
    isPart: false,
    indexOf: (row) => row,
    rowOf: (index) => (index < rows ? index : undefined),
    rowsOf: (indices) => intersectRanges(indices, [[0, rows]]),
  };
}

/** One row with an index of its own; the others have none and are not meant. */
export function singleIndex(row: number, index: number): Indices {
  return {
    hash: digest(Float64Array.of(row, index)),
    isPart: true,
    indexOf: (asked) => (asked === row ? index : Number.NaN),
    rowOf: (asked) => (asked === index ? row : undefined),
    rowsOf: (indices) => (intersectRanges(indices, [[index, index + 1]]).length > 0 ? [[row, row + 1]] : []),
  };
}

/** A row number fits below this, and so do both as one double: index × 2^24 + row. */
const rowLimit = 2 ** 24;

/** Rows with indices of their own. `values` are whole, 0 to 10,000,000. Returns the first two rows that share one. */
export function ownIndices(
  values: Float64Array,
): Indices | { readonly index: number; readonly rows: [number, number] } {
  if (values.every((index, row) => index === row)) return rowNumbers(values.length);
  const sorted = values.map((index, row) => index * rowLimit + row).sort();
  const indexAt = (at: number) => Math.floor((sorted[at] as number) / rowLimit);
  const rowAt = (at: number) => (sorted[at] as number) % rowLimit;
  for (let at = 1; at < sorted.length; at++) {
    if (indexAt(at) === indexAt(at - 1)) return { index: indexAt(at), rows: [rowAt(at - 1), rowAt(at)] };
  }
  /** Where the first index stands that is not smaller. */
  const find = (index: number) => {
    let [from, to] = [0, sorted.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (indexAt(middle) < index) from = middle + 1;
      else to = middle;
    }
    return from;
  };
  return {
    hash: digest(values),
    isPart: false,
    indexOf: (row) => values[row] as number,
    rowOf(index) {
      const at = find(index);
      return at < sorted.length && indexAt(at) === index ? rowAt(at) : undefined;
    },
    rowsOf(indices) {
      const rows: number[] = [];
      for (const [start, end] of indices) {
        for (let at = find(start); at < sorted.length && indexAt(at) < end; at++) rows.push(rowAt(at));
      }
      return rangesOf(rows);
    },
  };
}

function digest(values: Float64Array): string {
  return createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex');
}
