import { describe, expect, it } from 'vitest';
import { histogramOf } from '../../src/inspect/histogram.ts';
import { startSpread } from '../../src/inspect/spread.ts';
import { seeded } from '../fixtures.ts';

function spreadOf(values: readonly number[], most?: number) {
  const spread = startSpread(values.length, most);
  for (const value of values) spread.add(value);
  return spread.finish();
}

describe('a spread', () => {
  it('has the median of an odd and of an even number of values', () => {
    expect(spreadOf([5, 1, 3])).toMatchObject({ count: 3, min: 1, median: 3, mean: 3, max: 5, sampled: false });
    expect(spreadOf([8, 1, 3, 4])).toMatchObject({ count: 4, median: 3.5, mean: 4 });
  });

  it('of no values is undefined', () => {
    expect(spreadOf([])).toBeUndefined();
  });

  it('has no histogram if all values are equal to within a thousandth', () => {
    expect(spreadOf([1, 1.0004, 0.9999])?.histogram).toBeNull();
  });

  it('keeps an even sample if there are more values than it has room for', () => {
    const values = Array.from({ length: 1000 }, (_, i) => i);
    const spread = spreadOf(values, 64)!;
    expect(spread).toMatchObject({ count: 1000, min: 0, max: 999, mean: 499.5, sampled: true });
    const kept = spread.histogram!.counts.reduce((a, b) => a + b);
    expect(kept).toBe(Math.ceil(1000 / 16));
    expect(Math.abs(spread.median - 499.5)).toBeLessThan(17);
  });

  it('covers only the values that came, even if more were expected', () => {
    const spread = startSpread(10);
    spread.add(2);
    expect(spread.finish()).toMatchObject({ count: 1, min: 2, median: 2, max: 2 });
  });
});

describe('a histogram', () => {
  const sorted = (values: number[]) => Float64Array.from(values).sort();

  it('counts every value once, in the interval that holds it', () => {
    const random = seeded(7);
    const values = sorted(Array.from({ length: 5000 }, () => random() * 3 - 1));
    const { edges, counts, scale } = histogramOf(values)!;
    expect(scale).toBe('linear');
    expect(counts.reduce((a, b) => a + b)).toBe(5000);
    expect(edges).toHaveLength(counts.length + 1);
    for (const [i, count] of counts.entries()) {
      const [from, to] = [edges[i]!, edges[i + 1]!];
      const last = i === counts.length - 1;
      expect(values.filter((value) => value >= from && (value < to || (last && value === to))).length).toBe(count);
    }
  });

  it('has edges at round numbers', () => {
    expect(histogramOf(sorted([0.07, 0.93]))?.edges).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
  });

  it('has a log10 scale if positive values span orders of magnitude', () => {
    const { scale, edges, counts } = histogramOf(sorted([0.001, 0.01, 0.1, 1, 10]))!;
    expect(scale).toBe('log10');
    expect(edges[0]).toBeLessThanOrEqual(0.001);
    expect(edges.at(-1)).toBeGreaterThanOrEqual(10);
    expect(counts.filter((count) => count === 1)).toHaveLength(5);
  });

  it('stays linear if a value is 0', () => {
    expect(histogramOf(sorted([0, 1, 10_000]), 'log10')?.scale).toBe('linear');
  });
});
