import { describe, expect, it } from 'vitest';
import { type Indices, ownIndices, rowNumbers, singleIndex } from '../../src/tensor/indices.ts';
import { countRows, eachRow, type Range, rangesOf } from '../../src/tensor/ranges.ts';
import { seeded } from '../fixtures.ts';

/** Makes distinct indices in no particular order. */
function randomIndices(count: number, random: () => number): number[] {
  const indices = new Set<number>();
  while (indices.size < count) indices.add(Math.floor(random() * 4 * count));
  return [...indices];
}

describe('indices of rows', () => {
  it('of their own are found by row and by index, as a plain list has them', () => {
    const random = seeded(7);
    for (let round = 0; round < 40; round++) {
      const values = randomIndices(1 + Math.floor(random() * 50), random);
      const indices = ownIndices(Float64Array.from(values)) as Indices;
      for (const [row, index] of values.entries()) {
        expect(indices.indexOf(row)).toBe(index);
        expect(indices.rowOf(index)).toBe(row);
      }
      const start = Math.floor(random() * 100);
      const asked: Range[] = [[start, start + Math.floor(random() * 60)]];
      const rows = values.flatMap((index, row) => (index >= asked[0]![0] && index < asked[0]![1] ? [row] : []));
      expect(indices.rowsOf(asked)).toEqual(rangesOf(rows));
      for (let index = 0; index < 4 * values.length; index++)
        expect(indices.rowOf(index)).toBe(values.includes(index) ? values.indexOf(index) : undefined);
    }
  });

  it('that two rows share are reported with both rows', () => {
    expect(ownIndices(Float64Array.of(3, 10_000_000, 1, 10_000_000))).toEqual({ index: 10_000_000, rows: [1, 3] });
  });

  it('that are the row numbers have no hash', () => {
    for (const indices of [ownIndices(Float64Array.of(0, 1, 2)) as Indices, rowNumbers(3)]) {
      expect(indices.hash).toBeUndefined();
      expect([indices.indexOf(2), indices.rowOf(2), indices.rowOf(3)]).toEqual([2, 2, undefined]);
      expect(indices.rowsOf([[1, 9]])).toEqual([[1, 3]]);
    }
  });

  it('have a different hash for each mapping', () => {
    const mappings = [ownIndices(Float64Array.of(1, 0)), ownIndices(Float64Array.of(2, 0)), singleIndex(0, 2)];
    expect(new Set([...mappings, singleIndex(1, 2)].map((one) => (one as Indices).hash)).size).toBe(4);
  });

  it('of a single row leave the other rows without one', () => {
    const indices = singleIndex(3, 42);
    expect([indices.indexOf(3), indices.rowOf(42), indices.rowOf(3)]).toEqual([42, 3, undefined]);
    expect(indices.indexOf(0)).toBeNaN();
    expect([...eachRow(indices.rowsOf([[40, 50]]))]).toEqual([3]);
    expect(countRows(indices.rowsOf([[0, 42]]))).toBe(0);
  });
});
