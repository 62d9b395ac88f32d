import { type Histogram, histogramOf } from './histogram.ts';

/** How numbers are spread. Least, mean and greatest are of all of them; median and histogram too, unless `sampled`. */
export interface Spread {
  readonly count: number;
  readonly min: number;
  readonly median: number;
  readonly mean: number;
  readonly max: number;
  /** Whether median and histogram are of an even sample: there were more than `mostKept`. */
  readonly sampled: boolean;
  /** Null where all are the same to a thousandth. */
  readonly histogram: Histogram | null;
}

/** 16 MB of doubles. */
const mostKept = 1 << 21;

/** Gathers numbers one by one in memory that has a ceiling. */
export interface SpreadBuilder {
  add(value: number): void;
  /** Undefined where there were no numbers. Call it once. */
  finish(scale?: Histogram['scale']): Spread | undefined;
}

/** Starts on about `expected` numbers, all finite. Of more than `most`, every 2nd, 4th, 8th … is kept. */
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

/** Keeps every second number, in place; returns how many are left. */
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
