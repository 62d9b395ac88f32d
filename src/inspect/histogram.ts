/** Counts of values in intervals of equal length, or of equal ratio where `scale` is log10. */
export interface Histogram {
  readonly scale: 'linear' | 'log10';
  /** One more than `counts`; each interval holds its lower edge, the last one both. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** About this many intervals; a few more or less give round edges. */
const intervals = 10;
/** Values closer together than this, relative to their size, are one value to a reader. */
const tooClose = 1e-3;
/** Positive values further apart than this are seen by their magnitudes. */
const wideRatio = 1000;
const steps = [1, 2, 2.5, 5, 10];

/**
 * The histogram of values that are sorted in ascending order. Undefined where there is nothing to see: fewer than two
 * values, or all of them the same to a thousandth. A `log10` scale is taken where asked for or values span magnitudes.
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

/** Edges at multiples of 1, 2, 2.5 or 5 times a power of ten, from below `min` to `max` or above. */
function roundEdges(min: number, max: number): number[] {
  const wanted = (max - min) / intervals;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = power * (steps.find((factor) => factor * power >= wanted) ?? 10);
  const first = Math.floor(min / step);
  const last = Math.max(first + 1, Math.ceil(max / step));
  // Multiplied out anew for each edge, and rounded: sums of 0.1 would drift.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
