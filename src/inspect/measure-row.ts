/** What one pass over a row of float32 values finds. Reused from row to row. */
export interface RowMeasure {
  /** Sum of squares, as a double: 0 only for a row of zeros, not finite if any value is not. */
  squares: number;
  min: number;
  max: number;
  /** Two halves of a hash of the row's bits. */
  low: number;
  high: number;
}

/** Measures `width` values from `at`; `words` are the bits of `values`. A single loop, because files take gigabytes. */
export function measureRow(
  values: Float32Array,
  words: Uint32Array,
  at: number,
  width: number,
  into: RowMeasure,
): RowMeasure {
  let squares = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let low = 0x811c9dc5 | 0;
  let high = width | 0;
  for (let end = at + width, i = at; i < end; i++) {
    const value = values[i] as number;
    const word = words[i] as number;
    squares += value * value;
    if (value < min) min = value;
    if (value > max) max = value;
    low = Math.imul(low ^ word, 0x9e3779b1);
    low ^= low >>> 15;
    high = Math.imul(high ^ word, 0x85ebca77);
    high ^= high >>> 13;
  }
  into.squares = squares;
  into.min = min;
  into.max = max;
  into.low = low;
  into.high = high;
  return into;
}
