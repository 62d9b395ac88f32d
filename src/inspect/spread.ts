import { type Histogram, histogramOf } from './histogram.ts';

/** How numbers are distributed. Min, mean and max cover all of them; median and histogram do too, unless `sampled`. */
export interface Spread {
  readonly count: number;
  readonly min: number;
  readonly median: number;
  readonly mean: number;
  readonly max: number;
  /** Whether median and histogram come from an even sample, because there were more than `mostKept` numbers. */
  readonly sampled: boolean;
  /** Null if there are fewer than two numbers, or all are equal to within a thousandth. */
  readonly histogram: Histogram | null;
}

/** 16 MB of doubles. */
const mostKept = 1 << 21;

/** Collects numbers one by one, in bounded memory. */
export interface SpreadBuilder {
  add(value: number): void;
  /** Returns undefined if there were no numbers. Call it only once. */
  finish(scale?: Histogram['scale']): Spread | undefined;
}

/** Collects finite numbers. If more than `expected` or `most` come, keeps every 2nd, 4th, 8th, … for the median etc. */
export function startSpread(expected: number, most = mostKept): SpreadBuilder {
  const kept = new Float64Array(Math.max(2, Math.min(expected, most)));
  let [count, used, stride, sum] = [0, 0, 1, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return {
    add(value) {
      if (count % stride === 0) {
        if (used === kept.length) {
          used = halve(kept);
          stride *= 2;
        }
        if (count % stride === 0) kept[used++] = value;
      }
      count++;
      sum += value;
      if (value < min) min = value;
      if (value > max) max = value;
    },
    finish(scale) {
      if (count === 0) return undefined;
      const sorted = kept.subarray(0, used).sort();
      const histogram = histogramOf(sorted, scale) ?? null;
      return { count, min, median: medianOf(sorted), mean: sum / count, max, sampled: stride > 1, histogram };
    },
  };
}

/** Keeps every second number, in place. Returns how many are left. */
function halve(kept: Float64Array): number {
  const left = Math.ceil(kept.length / 2);
  for (let i = 0; i < left; i++) kept[i] = kept[2 * i] as number;
  return left;
}

function medianOf(sorted: Float64Array): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}
