import { createHash } from 'node:crypto';
import { intersectRanges, type Ranges, rangesOf } from './ranges.ts';

/** The feature index of each row of a matrix. */
export interface Indices {
  /** SHA-256 of the mapping; undefined if each row's number is its index, which takes no memory. */
  readonly hash: string | undefined;
  /** Whether only some rows have an index: data files may then mention features that are not here. */
  readonly isPart: boolean;
  indexOf(row: number): number;
  /** Undefined if no row has that index. */
  rowOf(index: number): number | undefined;
  /** The rows that have one of these indices. */
  rowsOf(indices: Ranges): Ranges;
}

/** Names of arrays that say which feature each row is: `feature_index` in SAEDashboard and Llama Scope's Arrow files. */
export const indexNames: readonly string[] = ['index', 'feature_index'];

/** Names under which people save the same. They may mean something else, so none is believed. */
export const likeIndices =
  /^(?:.*[./])?(?:features?|latents?|neurons?|(?:(?:feature|latent|neuron|kept|original)s?_)?(?:index|indices|idxs?|ids?))$/i;

/** Renames a parsed JSON line's `feature_index` to `index`, unless `index` is there. A null counts as absent. */
export function withIndex(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || !('feature_index' in json)) return json;
  const { feature_index: other, ...rest } = json;
  const own = 'index' in rest ? rest.index : undefined;
  return (own ?? other ?? undefined) === undefined ? rest : { ...rest, index: own ?? other };
}

/** Describes the fault of a line whose two names disagree; undefined if they agree, or if one is missing or null. */
export function indexFault(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || !('feature_index' in json) || !('index' in json)) return undefined;
  const { index, feature_index: other } = json;
  if ((index ?? null) === null || (other ?? null) === null || String(index) === String(other)) return undefined;
  return `has "index" ${JSON.stringify(index)} but "feature_index" ${JSON.stringify(other)}: which feature does it describe?`;
}

/** The largest index that servers accept. */
export const largestIndex = 10_000_000;

/** Gives each row its own number as its index. */
export function rowNumbers(rows: number): Indices {
  return {
    hash: undefined,
    isPart: false,
    indexOf: (row) => row,
    rowOf: (index) => (index < rows ? index : undefined),
    rowsOf: (indices) => intersectRanges(indices, [[0, rows]]),
  };
}

/** Gives one row an index. The other rows have none, because they are not uploaded. */
export function singleIndex(row: number, index: number): Indices {
  return {
    hash: digest(Float64Array.of(row, index)),
    isPart: true,
    indexOf: (asked) => (asked === row ? index : Number.NaN),
    rowOf: (asked) => (asked === index ? row : undefined),
    rowsOf: (indices) => (intersectRanges(indices, [[index, index + 1]]).length > 0 ? [[row, row + 1]] : []),
  };
}

/** Row numbers are below this, so a double holds both exactly: index × 2^24 + row. */
const rowLimit = 2 ** 24;

/** Gives rows the indices in `values`, integers from 0 to 10,000,000. If two rows share an index, returns these instead. */
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
  /** Returns the position of the first index that is not smaller. */
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
