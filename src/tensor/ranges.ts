/** Half-open range of row numbers. */
export type Range = readonly [start: number, end: number];

/**
 * Rows as sorted, disjoint, non-touching ranges: a million rows cost one entry, not a million. There may be half a million
 * of them all the same (what is left without dead features), so functions pass on entries that stay as they are.
 */
export type Ranges = readonly Range[];

/** How many rows the ranges hold. */
export function countRows(ranges: Ranges): number {
  let count = 0;
  for (const [start, end] of ranges) count += end - start;
  return count;
}

/** Whether a value is one or more ranges of whole numbers, none of them empty, in any order. */
export function isRanges(value: unknown): value is Ranges {
  const isRange = (range: unknown) =>
    Array.isArray(range) &&
    range.length === 2 &&
    range.every((number) => Number.isSafeInteger(number) && number >= 0) &&
    range[0] < range[1];
  return Array.isArray(value) && value.length > 0 && value.every(isRange);
}

/** Sorts and merges ranges that overlap or touch. */
export function mergeRanges(ranges: Iterable<Range>): Ranges {
  const merged: Range[] = [];
  const sorted = [...ranges].filter(([start, end]) => start < end).sort((a, b) => a[0] - b[0]);
  for (const range of sorted) {
    const last = merged.at(-1);
    if (!last || range[0] > last[1]) merged.push(range);
    else if (range[1] > last[1]) merged[merged.length - 1] = [last[0], range[1]];
  }
  return merged;
}

/** The rows of `ranges` that are not in `without`. */
export function subtractRanges(ranges: Ranges, without: Ranges): Ranges {
  const left: Range[] = [];
  let next = 0;
  for (const range of ranges) {
    const [start, end] = range;
    let from = start;
    while (next < without.length && (without[next] as Range)[1] <= from) next++;
    for (let i = next; i < without.length && from < end; i++) {
      const [gapStart, gapEnd] = without[i] as Range;
      if (gapStart >= end) break;
      if (gapStart > from) left.push([from, gapStart]);
      from = Math.max(from, gapEnd);
    }
    if (from < end) left.push(from === start ? range : [from, end]);
  }
  return left;
}

/** The rows that are in both. */
export function intersectRanges(a: Ranges, b: Ranges): Ranges {
  return subtractRanges(a, subtractRanges(a, b));
}

/** Returns a function that tells whether a row is in the ranges. It is fastest for rows in ascending order. */
export function membership(ranges: Ranges): (row: number) => boolean {
  let at = 0;
  return (row) => {
    // Rows mostly come in order: the search continues where it stopped, and starts over only if the row lies before that.
    if (at > 0 && row < (ranges[at - 1] as Range)[1]) at = 0;
    while (at < ranges.length && (ranges[at] as Range)[1] <= row) at++;
    return at < ranges.length && (ranges[at] as Range)[0] <= row;
  };
}

/** Yields row numbers one by one, ascending. */
export function* eachRow(ranges: Ranges): Generator<number> {
  for (const [start, end] of ranges) for (let row = start; row < end; row++) yield row;
}

/** Turns row numbers in any order into ranges. */
export function rangesOf(rows: Iterable<number>): Ranges {
  const sorted = Array.from(rows).sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const row of sorted) {
    const last = ranges.at(-1);
    if (last && row <= last[1]) last[1] = Math.max(last[1], row + 1);
    else ranges.push([row, row + 1]);
  }
  return ranges;
}

/** Writes ranges as a person would: `0-999,2048`. */
export function formatRanges(ranges: Ranges): string {
  return ranges.map(([start, end]) => (end - start === 1 ? `${start}` : `${start}-${end - 1}`)).join(',');
}

/** Reads `0-999,2048` (both ends included); undefined if the text is not of that form. */
export function parseRanges(text: string): Ranges | undefined {
  const ranges: Range[] = [];
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,15})(?:\s*-\s*(\d{1,15}))?\s*$/.exec(part);
    if (!match) return undefined;
    const start = Number(match[1]);
    const end = Number(match[2] ?? match[1]) + 1;
    if (end <= start) return undefined;
    ranges.push([start, end]);
  }
  return mergeRanges(ranges);
}
