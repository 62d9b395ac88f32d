/** Rows that count up together with their features' indices: first row, first index, how many. */
export type RowRun = readonly [row: number, index: number, count: number];

/** Which feature each of `rows` rows is, as runs in row order; a row without one (NaN) is in none. */
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

/** The index of a row's feature. `runs` cover all rows that have one, in their order. */
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
