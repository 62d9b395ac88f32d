import { several } from '../count.ts';
import { AppError, mostListed } from '../errors.ts';

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

/** A key that is called otherwise is the same fault on every line: so many of these are shown. */
const mostAlike = 3;

/** So many kinds of fault are counted. */
const mostKinds = 32;

/** Counts faults of lines that are the same but for the line's number. */
function countAlike() {
  const times = new Map<string, { shown: number; left: number }>();
  return {
    /** Whether it is one of the first of its kind, where there is room for it. */
    takesRoom(fault: string, hasRoom: boolean): boolean {
      const what = fault.replace(/^line \d+/, '');
      const seen = times.get(what) ?? { shown: 0, left: 0 };
      // As many kinds as lines are no kinds, and are not held in memory.
      if (times.size >= mostKinds && !times.has(what)) return hasRoom;
      times.set(what, seen);
      const isShown = hasRoom && seen.shown < mostAlike;
      if (isShown) seen.shown++;
      else seen.left++;
      return isShown;
    },
    /** How many more there are of each kind that was shown. */
    others: () =>
      [...times]
        .filter(([, { shown, left }]) => shown > 0 && left > 0)
        .map(([what, { left }]) => `${several(left, 'more line')}${what}`),
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
      const hasRoom = first.length < mostListed;
      if (feature === undefined ? alike.takesRoom(fault, hasRoom) : hasRoom) first.push(fault);
      if (hint !== undefined) hints.add(hint);
    },
    throwIfAny() {
      if (count === 0) return;
      const records = count === 1 ? '1 record cannot' : `${count} records cannot`;
      const mend = skipBad
        ? 'mend the file: these are no fault of a single feature, which --skip-bad-rows could leave out'
        : ['mend the file', ...(orElse === undefined ? [] : [orElse])].join(', or ');
      throw new AppError('record_invalid', `${path}: ${records} be uploaded`, {
        findings: { first, count, more: alike.others() },
        hints: [`nothing was sent; ${mend}`, ...hints],
        details: { file: path, count },
      });
    },
  };
}
