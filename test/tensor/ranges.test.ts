import { describe, expect, test } from 'vitest';
import {
  countRows,
  eachRow,
  formatRanges,
  intersectRanges,
  mergeRanges,
  parseRanges,
  type Range,
  type Ranges,
  rangesOf,
  subtractRanges,
} from '../../src/tensor/ranges.ts';
import { seeded } from '../fixtures.ts';

const rowsBelow = 60;

function randomRanges(random: () => number): Range[] {
  return Array.from({ length: Math.floor(random() * 8) }, () => {
    const start = Math.floor(random() * rowsBelow);
    return [start, start + Math.floor(random() * 12)] as const;
  });
}

/** Lists the rows of ranges that may overlap, touch or be empty, one by one. */
function modelOf(ranges: Iterable<Range>): Set<number> {
  const rows = new Set<number>();
  for (const [start, end] of ranges) for (let row = start; row < end; row++) rows.add(row);
  return rows;
}

function sorted(rows: Iterable<number>): number[] {
  return [...rows].sort((a, b) => a - b);
}

function expectNormal(ranges: Ranges): void {
  let last = -1;
  for (const [start, end] of ranges) {
    expect(start).toBeGreaterThan(last);
    expect(end).toBeGreaterThan(start);
    last = end;
  }
}

describe.each(Array.from({ length: 20 }, (_, seed) => seed))('random ranges from seed %i', (seed) => {
  const random = seeded(seed);
  const cases = Array.from({ length: 50 }, () => ({ a: randomRanges(random), b: randomRanges(random) }));

  test('merge, subtract and intersect agree with sets of rows, and stay sorted and disjoint', () => {
    for (const { a, b } of cases) {
      const [rowsA, rowsB] = [modelOf(a), modelOf(b)];
      const [mergedA, mergedB] = [mergeRanges(a), mergeRanges(b)];
      const both = intersectRanges(mergedA, mergedB);
      const left = subtractRanges(mergedA, mergedB);
      for (const ranges of [mergedA, both, left]) expectNormal(ranges);
      expect([...eachRow(mergedA)]).toEqual(sorted(rowsA));
      expect([...eachRow(both)]).toEqual(sorted(rowsA).filter((row) => rowsB.has(row)));
      expect([...eachRow(left)]).toEqual(sorted(rowsA).filter((row) => !rowsB.has(row)));
      expect(countRows(left) + countRows(both)).toBe(rowsA.size);
    }
  });

  test('rangesOf gives the merged ranges for single rows in any order', () => {
    for (const { a } of cases) {
      const shuffled = [...modelOf(a), ...modelOf(a)].sort(() => random() - 0.5);
      expect(rangesOf(shuffled)).toEqual(mergeRanges(a));
    }
  });

  test('formatted ranges parse back to the same ranges', () => {
    for (const { a } of cases) {
      const ranges = mergeRanges(a);
      if (ranges.length > 0) expect(parseRanges(formatRanges(ranges))).toEqual(ranges);
    }
  });
});

test.each([
  ['5', [[5, 6]]],
  [
    '0-999,2048',
    [
      [0, 1000],
      [2048, 2049],
    ],
  ],
  [
    ' 7 - 9 , 1 ',
    [
      [1, 2],
      [7, 10],
    ],
  ],
  ['3-5,4-8,9', [[3, 10]]],
  ['999999999999999', [[999_999_999_999_999, 1_000_000_000_000_000]]],
])('%s is parsed as row numbers, both ends included', (text, ranges) => {
  expect(parseRanges(text)).toEqual(ranges);
});

test.each(['', ',', '1,', '-1', '5-3', '1-2-3', 'a', '1.5', '1e3', '0x1', '9999999999999999'])(
  '"%s" is not a list of rows',
  (text) => {
    expect(parseRanges(text)).toBeUndefined();
  },
);

test('a million consecutive rows are one range', () => {
  expect(rangesOf(Array.from({ length: 1_000_000 }, (_, i) => i))).toEqual([[0, 1_000_000]]);
  expect(formatRanges([[0, 1_000_000]])).toBe('0-999999');
});
