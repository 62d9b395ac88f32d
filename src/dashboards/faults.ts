import { several } from '../count.ts';
import { AppError, mostListed } from '../errors.ts';

/** What is known of a fault besides its text. */
export interface AboutFault {
  /** The feature whose record it is, if nothing but that record is wrong. */
  readonly feature?: number | undefined;
  /** What would fix it, other than mending the file. */
  readonly hint?: string | undefined;
}

/** Collects what is wrong with the records of a file, to report it all at once. */
export interface Faults {
  add(fault: string, about?: AboutFault): void;
  throwIfAny(): void;
  /** Features to leave out instead of reporting an error, and why. */
  readonly leftOut: ReadonlyMap<number, string>;
}

export interface FaultOptions {
  /** A fault of a single feature leaves that feature out instead of being an error. */
  readonly skipBad?: boolean | undefined;
  /** What can be done instead of mending the file. */
  readonly orElse?: string | undefined;
}

/** How many faults of one kind are shown. A misnamed key, for example, is the same fault on every line. */
const mostAlike = 3;

/** How many kinds of fault are counted. */
const mostKinds = 32;

/** Where a fault is: what it begins with, up to the colon. */
const place = /^(line|feature) \d+(, feature \d+)?(?=: )/;

/** Counts faults that are the same in different places. */
function countAlike() {
  const times = new Map<string, { shown: number; left: number; unit: string }>();
  return {
    /** Counts a fault. Returns whether to show it: it is among the first of its kind, and there is room. */
    takesRoom(fault: string, hasRoom: boolean): boolean {
      const what = fault.replace(place, '');
      const unit = place.exec(fault)?.[1] ?? 'line';
      const seen = times.get(what) ?? { shown: 0, left: 0, unit };
      // If nearly every line is a kind of its own, counting kinds is pointless and would only fill memory.
      if (times.size >= mostKinds && !times.has(what)) return hasRoom;
      times.set(what, seen);
      const isShown = hasRoom && seen.shown < mostAlike;
      if (isShown) seen.shown++;
      else seen.left++;
      return isShown;
    },
    /** Returns how many more there are of each kind that was shown. */
    others: () =>
      [...times]
        .filter(([, { shown, left }]) => shown > 0 && left > 0)
        .map(([what, { left, unit }]) => `${several(left, `more ${unit}`)}${what}`),
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
      const fix = skipBad
        ? 'fix the file: --skip-bad-rows only leaves out single features, and these faults are not limited to one'
        : ['fix the file', ...(orElse === undefined ? [] : [orElse])].join(', or ');
      throw new AppError('record_invalid', `${path}: ${records} be uploaded`, {
        findings: { first, count, more: alike.others() },
        hints: [`nothing was sent; ${fix}`, ...hints],
        details: { file: path, count },
      });
    },
  };
}
