import { AppError } from '../errors.ts';

/** Enough to see a pattern. */
const mostFaults = 20;

/** What is wrong with the records of a file, gathered to be told all at once. */
export interface Faults {
  /** `feature` is whose record it is, where nothing but that record is wrong. */
  add(fault: string, feature?: number): void;
  throwIfAny(): void;
  /** Features that are to be left out instead, and why. */
  readonly leftOut: ReadonlyMap<number, string>;
}

/** Gathers faults; with `skipBad` those of a single feature are no error but leave it out. `orElse` is what can be done instead of mending. */
export function collectFaults(
  path: string,
  skipBad = false,
  orElse = 'leave these features out with --features or --skip-bad-rows',
): Faults {
  const first: string[] = [];
  const leftOut = new Map<number, string>();
  let count = 0;
  return {
    leftOut,
    add(fault, feature) {
      if (skipBad && feature !== undefined) {
        if (!leftOut.has(feature)) leftOut.set(feature, fault);
        return;
      }
      count++;
      if (first.length < mostFaults) first.push(fault);
    },
    throwIfAny() {
      if (count === 0) return;
      const records = count === 1 ? '1 record cannot' : `${count} records cannot`;
      throw new AppError('record_invalid', `${path}: ${records} be uploaded`, {
        findings: { first, count },
        hints: [
          skipBad
            ? 'nothing was sent; mend the file: these are no fault of a single feature, which --skip-bad-rows could leave out'
            : `nothing was sent; mend the file, or ${orElse}`,
          ...(first.some((fault) => /is no logarithm/.test(fault))
            ? ['if its sparsity is no logarithm: --sparsity-scale linear']
            : []),
          ...(first.some((fault) => /is empty|NUL/.test(fault)) ? ['empty and NUL tokens: --fix-tokens'] : []),
        ],
        details: { file: path, count },
      });
    },
  };
}
