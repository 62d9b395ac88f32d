/** Whether every case is tried, which takes minutes more: `TEST_ALL=1`, as `.ci/run` has it once. */
const all = process.env.TEST_ALL === '1';

/** Of cases that are much alike and start a process each, one in `every` for every day, and all of them with `TEST_ALL=1`. */
export function some<T>(cases: readonly T[], every: number): readonly T[] {
  return all ? cases : cases.filter((_, i) => i % every === 0);
}

/** How often something is tried with other random numbers: a third of it for every day. */
export function rounds(most: number): number {
  return all ? most : Math.ceil(most / 3);
}
