import { countRows, type Ranges } from '../tensor/ranges.ts';

/** One of several contiguous parts of an SAE's planned rows: number `part`, counted from 1, of `of`. */
export interface Shard {
  readonly part: number;
  readonly of: number;
}

/** More processes than this never share one SAE. */
const mostParts = 1_000_000;

/** Reads `2/8`; undefined where it is not of that form, or no such part exists. */
export function parseShard(text: string): Shard | undefined {
  const match = /^([1-9]\d{0,6})\/([1-9]\d{0,6})$/.exec(text);
  const [part, of] = [Number(match?.[1]), Number(match?.[2])];
  return match && part <= of && of <= mostParts ? { part, of } : undefined;
}

/** `2/8`, as it is typed. */
export function formatShard({ part, of }: Shard): string {
  return `${part}/${of}`;
}

/** `shard 2 of 8`, for people. */
export function nameShard({ part, of }: Shard): string {
  return `shard ${part} of ${of}`;
}

/**
 * The rows of a matrix that a shard answers for. The spans of all shards together are every row once, planned or left
 * out, and each holds as many planned rows as any other, or one less. With fewer planned rows than shards some have none.
 */
export function shardSpan(planned: Ranges, rows: number, { part, of }: Shard): Ranges {
  const total = countRows(planned);
  // Products of row and shard counts stay far below 2^53.
  const startOf = (k: number) => (k === 0 ? 0 : k === of ? rows : rowAt(planned, Math.floor((k * total) / of), rows));
  const [start, end] = [startOf(part - 1), startOf(part)];
  return start < end ? [[start, end]] : [];
}

/** The planned row that has `position` planned rows before it; `rows` behind the last. */
function rowAt(planned: Ranges, position: number, rows: number): number {
  let left = position;
  for (const [start, end] of planned) {
    if (left < end - start) return start + left;
    left -= end - start;
  }
  return rows;
}
