/** Counts of values in intervals of equal length, or of equal ratio where `scale` is log10. */
export interface Histogram {
  readonly scale: 'linear' | 'log10';
  /** One more than `counts`. Each interval includes its lower edge, and the last one its upper edge too. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** Target for the number of intervals. There may be a few more or fewer, so that edges are round. */
const intervals = 10;
/** Values closer together than this, relative to their size, count as the same. */
const tooClose = 1e-3;
/** Positive values that differ by this factor or more get a log10 scale. */
const wideRatio = 1000;
const steps = [1, 2, 2.5, 5, 10];

/**
 * Returns the histogram of values sorted in ascending order. Undefined if there is nothing to see: fewer than two
 * values, or all equal to within a thousandth. Positive values get a `log10` scale if asked for or if they span orders
 * of magnitude.
 */
export function histogramOf(sorted: Float64Array, asked?: Histogram['scale']): Histogram | undefined {
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined || sorted.length < 2) return undefined;
  if (max - min <= tooClose * Math.max(Math.abs(min), Math.abs(max))) return undefined;
  const scale = min > 0 && (asked === 'log10' || max / min >= wideRatio) ? 'log10' : 'linear';
  const onScale = scale === 'log10' ? Math.log10 : (value: number) => value;
  const edges = roundEdges(onScale(min), onScale(max));
  const counts = new Array<number>(edges.length - 1).fill(0);
  let at = 0;
  for (const value of sorted) {
    while (at < counts.length - 1 && onScale(value) >= (edges[at + 1] as number)) at++;
    counts[at] = (counts[at] as number) + 1;
  }
  return { scale, edges: scale === 'log10' ? edges.map((edge) => 10 ** edge) : edges, counts };
}

/** Returns edges at multiples of 1, 2, 2.5 or 5 times a power of ten, from `min` or below to `max` or above. */
function roundEdges(min: number, max: number): number[] {
  const wanted = (max - min) / intervals;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = power * (steps.find((factor) => factor * power >= wanted) ?? 10);
  const first = Math.floor(min / step);
  const last = Math.max(first + 1, Math.ceil(max / step));
  // Each edge is multiplied out on its own and rounded: repeatedly adding 0.1 would drift.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
