/** Whether to try every case, which takes minutes longer. `.ci/run` sets `TEST_ALL=1` for one of its runs. */
const all = process.env.TEST_ALL === '1';

/** Picks one in `every` of cases that are much alike and each start a process, or all of them with `TEST_ALL=1`. */
export function some<T>(cases: readonly T[], every: number): readonly T[] {
  return all ? cases : cases.filter((_, i) => i % every === 0);
}

/** Returns how many random cases to try: `most` of them with `TEST_ALL=1`, otherwise a third of that. */
export function rounds(most: number): number {
  return all ? most : Math.ceil(most / 3);
}
