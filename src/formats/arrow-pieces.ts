import type { ByteSource } from '../tensor/byte-source.ts';
import type { Window } from './arrow-inflate.ts';

/** Joins windows end to end into one source; a single one stays as it is. Closing does not close the file under them. */
export function joinWindows(windows: readonly Window[]): { bytes: ByteSource; offset: number } {
  const pieces = windows.filter(({ size }) => size > 0);
  if (pieces.length === 1) return { bytes: pieces[0]!.source, offset: pieces[0]!.start };
  const ends = endsOf(pieces.map(({ size }) => size));
  const size = ends.at(-1) ?? 0;
  return {
    offset: 0,
    bytes: {
      size,
      async read(into, position) {
        let done = 0;
        for (let i = findPiece(ends, position); done < into.length; i++) {
          const piece = pieces[i];
          if (!piece) throw new RangeError(`bytes up to ${position + into.length} were asked for, there are ${size}`);
          const from = position + done - (ends[i]! - piece.size);
          const length = Math.min(into.length - done, piece.size - from);
          await piece.source.read(into.subarray(done, done + length), piece.start + from);
          done += length;
        }
      },
      async close() {},
    },
  };
}

/** Where each piece ends if they are laid end to end. */
export function endsOf(sizes: readonly number[]): number[] {
  let end = 0;
  return sizes.map((size) => {
    end += size;
    return end;
  });
}

/** Index of the first end that is greater than `position`. */
export function findPiece(ends: readonly number[], position: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle]! > position) high = middle;
    else low = middle + 1;
  }
  return low;
}
