/** Consecutive rows whose features have consecutive indices: first row, first index, how many. */
export type RowRun = readonly [row: number, index: number, count: number];

/** Returns which feature each of `rows` rows is, as runs in row order. A row without a feature (NaN) is in no run. */
export function runsOf(rows: number, indexOf: (row: number) => number): RowRun[] {
  const runs: [number, number, number][] = [];
  for (let row = 0; row < rows; row++) {
    const index = indexOf(row);
    if (Number.isNaN(index)) continue;
    const last = runs.at(-1);
    if (last && row === last[0] + last[2] && index === last[1] + last[2]) last[2]++;
    else runs.push([row, index, 1]);
  }
  return runs;
}

/** Returns the index of a row's feature. `runs` must cover all rows that have one, in row order. */
export function indexInRuns(runs: readonly RowRun[], row: number): number {
  let [low, high] = [0, runs.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((runs[middle] as RowRun)[0] <= row) low = middle;
    else high = middle - 1;
  }
  const [first, index] = runs[low] as RowRun;
  return index + row - first;
}
