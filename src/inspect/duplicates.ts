import { mostListed } from '../errors.ts';

/** Rows that hold the same values as an earlier row, bit for bit. */
export interface Duplicates {
  readonly count: number;
  /** The first of them, each as [earlier row, row]. */
  readonly first: readonly (readonly [earlier: number, row: number])[];
  /** False if there were more different rows than are remembered, so duplicates of later rows were missed. */
  readonly complete: boolean;
}

/** Two million rows take 48 MB; no public SAE has as many features. */
const mostRemembered = 1 << 21;

export interface DuplicateFinder {
  /** Adds a row by its 64-bit hash, given in two halves. */
  add(row: number, low: number, high: number): void;
  finish(): Duplicates;
}

/** Finds equal rows by their hashes. Remembers at most `expected` different rows, and never more than `most`. */
export function startDuplicates(expected: number, most = mostRemembered): DuplicateFinder {
  const room = Math.max(1, Math.min(expected, most));
  const slots = new Uint32Array(2 ** Math.ceil(Math.log2(2 * room)));
  // Hash and number of the n-th remembered row, counted from 0. A slot holds n + 1, or 0 if it is free.
  const [lows, highs, rows] = [new Uint32Array(room), new Uint32Array(room), new Float64Array(room)];
  const first: [number, number][] = [];
  let [remembered, count, complete] = [0, 0, true];
  return {
    add(row, signedLow, signedHigh) {
      const [low, high] = [signedLow >>> 0, signedHigh >>> 0];
      let slot = low & (slots.length - 1);
      for (let n = slots[slot] as number; n !== 0; n = slots[slot] as number) {
        if (lows[n - 1] === low && highs[n - 1] === high) {
          count++;
          if (first.length < mostListed) first.push([rows[n - 1] as number, row]);
          return;
        }
        slot = (slot + 1) & (slots.length - 1);
      }
      if (remembered === room) {
        complete = false;
        return;
      }
      lows[remembered] = low;
      highs[remembered] = high;
      rows[remembered] = row;
      slots[slot] = ++remembered;
    },
    finish: () => ({ count, first, complete }),
  };
}
