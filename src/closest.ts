/** Most words that are suggested. */
const most = 3;

/** Returns the words that were probably meant: those with the fewest slips, or else those that contain what was typed. */
function closest(typed: string, known: readonly string[]): string[] {
  const wanted = typed.toLowerCase();
  const scored = known.map((word) => ({ word, slips: slipsBetween(wanted, word.toLowerCase()) }));
  const near = scored.filter(({ word, slips }) => slips <= Math.max(1, Math.floor(word.length * 0.4)));
  const best = Math.min(...near.map(({ slips }) => slips));
  const found = near.filter(({ slips }) => slips === best).map(({ word }) => word);
  if (found.length > 0) return found.slice(0, most);
  return wanted.length < 3 ? [] : known.filter((word) => word.includes(wanted)).slice(0, most);
}

/** Returns `did you mean rows?`, or nothing if no word of the list is close. */
export function didYouMean(typed: string, known: readonly string[]): string[] {
  const words = closest(typed, known);
  return words.length === 0 ? [] : [`did you mean ${words.join(' or ')}?`];
}

/** Counts the letters to insert, remove or replace, or neighbours to swap, to turn one word into the other. */
export function slipsBetween(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let slips = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) slips = Math.min(slips, (before[j - 2] as number) + 1);
      next.push(slips);
    }
    [before, row] = [row, next];
  }
  return row[b.length] as number;
}
