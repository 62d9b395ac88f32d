import { countRows, type Ranges } from '../tensor/ranges.ts';

/** One of several contiguous parts of an SAE's planned rows: number `part`, counted from 1, of `of`. */
export interface Shard {
  readonly part: number;
  readonly of: number;
}

/** Most parts of an SAE: more processes than this never share one. */
export const mostParts = 1_000_000;

/** Whether a value is a shard that there can be. */
export function isShard(value: unknown): value is Shard {
  const { part, of } = (value ?? {}) as Shard;
  return Number.isInteger(part) && Number.isInteger(of) && 1 <= part && part <= of && of <= mostParts;
}

/** Parses `2/8`; undefined if the text has another form, or there is no such part. */
export function parseShard(text: string): Shard | undefined {
  const match = /^([1-9]\d{0,6})\/([1-9]\d{0,6})$/.exec(text);
  const shard = { part: Number(match?.[1]), of: Number(match?.[2]) };
  return isShard(shard) ? shard : undefined;
}

/** Formats a shard as it is typed: `2/8`. */
export function formatShard({ part, of }: Shard): string {
  return `${part}/${of}`;
}

/** Names a shard for people: `shard 2 of 8`. */
export function nameShard({ part, of }: Shard): string {
  return `shard ${part} of ${of}`;
}

/**
 * Returns the rows of a matrix that a shard is responsible for. Together, the spans of all shards cover every row once,
 * planned or left out. Their numbers of planned rows differ by at most one; with fewer rows than shards, some have none.
 */
export function shardSpan(planned: Ranges, rows: number, { part, of }: Shard): Ranges {
  const total = countRows(planned);
  // Products of row and shard counts stay far below 2^53.
  const startOf = (k: number) => (k === 0 ? 0 : k === of ? rows : rowAt(planned, Math.floor((k * total) / of), rows));
  const [start, end] = [startOf(part - 1), startOf(part)];
  return start < end ? [[start, end]] : [];
}

/** Returns the planned row that has `position` planned rows before it; `rows` if there is none. */
function rowAt(planned: Ranges, position: number, rows: number): number {
  let left = position;
  for (const [start, end] of planned) {
    if (left < end - start) return start + left;
    left -= end - start;
  }
  return rows;
}
