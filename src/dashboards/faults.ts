import { AppError, type Findings, mostListed } from '../errors.ts';

/** What is known of a fault besides its words. */
export interface AboutFault {
  /** Whose record it is, where nothing but that record is wrong. */
  readonly feature?: number | undefined;
  /** What mends it, besides mending the file. */
  readonly hint?: string | undefined;
}

/** What is wrong with the records of a file, gathered to be told all at once. */
export interface Faults {
  add(fault: string, about?: AboutFault): void;
  throwIfAny(): void;
  /** Features that are to be left out instead, and why. */
  readonly leftOut: ReadonlyMap<number, string>;
}

export interface FaultOptions {
  /** Those of a single feature are no error but leave it out. */
  readonly skipBad?: boolean | undefined;
  /** What can be done instead of mending the file. */
  readonly orElse?: string | undefined;
}

/** A key that is called otherwise is the same fault on every line: so many are shown. */
const mostAlike = 3;

/** Counts faults of lines that are the same but for the line's number. */
function countAlike() {
  const times = new Map<string, number>();
  return {
    /** Whether it is one of the first of its kind. */
    isNew(fault: string): boolean {
      const what = fault.replace(/^line \d+/, '');
      const before = times.get(what) ?? 0;
      times.set(what, before + 1);
      return before < mostAlike;
    },
    /** What is shown, with how many more there are of each kind; where that is all of it, nothing is said to be left out. */
    among(first: readonly string[], count: number): Findings {
      const many = [...times].filter(([, all]) => all > mostAlike).slice(0, mostAlike);
      const others = many.map(([what, all]) => `${all - mostAlike} more lines${what}`);
      const told = first.length + many.reduce((sum, [, all]) => sum + all - mostAlike, 0);
      const list = [...first, ...others];
      return { first: list, count: told === count ? list.length : count };
    },
  };
}

/** Gathers what is wrong with the records of a file. */
export function collectFaults(path: string, { skipBad = false, orElse }: FaultOptions): Faults {
  const first: string[] = [];
  const alike = countAlike();
  const leftOut = new Map<number, string>();
  const hints = new Set<string>();
  let count = 0;
  return {
    leftOut,
    add(fault, { feature, hint } = {}) {
      if (skipBad && feature !== undefined) {
        if (!leftOut.has(feature)) leftOut.set(feature, fault);
        return;
      }
      count++;
      const isShown = feature !== undefined || alike.isNew(fault);
      if (first.length < mostListed && isShown) first.push(fault);
      if (hint !== undefined) hints.add(hint);
    },
    throwIfAny() {
      if (count === 0) return;
      const records = count === 1 ? '1 record cannot' : `${count} records cannot`;
      const mend = skipBad
        ? 'mend the file: these are no fault of a single feature, which --skip-bad-rows could leave out'
        : ['mend the file', ...(orElse === undefined ? [] : [orElse])].join(', or ');
      throw new AppError('record_invalid', `${path}: ${records} be uploaded`, {
        findings: alike.among(first, count),
        hints: [`nothing was sent; ${mend}`, ...hints],
        details: { file: path, count },
      });
    },
  };
}
