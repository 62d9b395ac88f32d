import { AppError } from '../errors.ts';

/** Enough to see a pattern. */
const mostFaults = 20;

/** What is wrong with the records of a file. */
export interface Faults {
  add(fault: string): void;
  /** Error: record_invalid, listing the first of them. */
  throwIfAny(): void;
}

/** Gathers what is wrong with the records of a file, to be told all at once. */
export function collectFaults(path: string): Faults {
  const first: string[] = [];
  let count = 0;
  return {
    add(fault) {
      count++;
      if (first.length < mostFaults) first.push(fault);
    },
    throwIfAny() {
      if (count === 0) return;
      const more = count > first.length ? ` (the first ${first.length} of ${count})` : '';
      const records = count === 1 ? '1 record cannot' : `${count} records cannot`;
      throw new AppError('record_invalid', `${path}: ${records} be uploaded${more}: ${first.join('; ')}`, {
        hints: ['nothing was sent; mend the file, or leave these features out with --features'],
        details: { file: path, count },
      });
    },
  };
}
