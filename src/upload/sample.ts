import { countRows, eachRow, type Ranges, rangesOf } from '../tensor/ranges.ts';

/**
 * Picks `size` rows, every choice of that many being equally likely (Floyd's algorithm), or all rows if there are no more.
 * `random` returns whole numbers from 0 up to but not including its argument.
 */
export function randomRows(rows: Ranges, size: number, random: (below: number) => number): Ranges {
  const total = countRows(rows);
  if (size >= total) return rows;
  const places = new Set<number>();
  for (let most = total - size; most < total; most++) {
    const place = random(most + 1);
    places.add(places.has(place) ? most : place);
  }
  const picked: number[] = [];
  let place = 0;
  for (const row of eachRow(rows)) if (places.has(place++)) picked.push(row);
  return rangesOf(picked);
}

/** The share of wrong rows that `chanceToNotice` assumes. */
export const wrongShare = 0.01;

/**
 * Returns the chance that a random sample of `size` out of `total` rows holds at least one wrong row, if one in a hundred
 * (rounded up) is wrong: 1 minus the chance of drawing only right rows, without replacement (hypergeometric).
 */
export function chanceToNotice(total: number, size: number): number {
  const wrong = Math.ceil(total * wrongShare);
  if (size + wrong > total) return 1;
  let missed = 1;
  for (let i = 0; i < size; i++) missed *= (total - wrong - i) / (total - i);
  return 1 - missed;
}
