import { countRows, eachRow, type Ranges, rangesOf } from '../tensor/ranges.ts';

/**
 * `size` rows, each choice of that many as likely as any other (Floyd's algorithm); all where there are no more.
 * `random` gives whole numbers from 0 up to, and without, its argument.
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

/** The share of wrong rows that a sample is judged by. */
export const wrongShare = 0.01;

/**
 * How likely a random sample of `size` of `total` rows holds at least one wrong row, if one in a hundred (rounded up) is
 * wrong: 1 less the chance that all are drawn from the right ones, without putting any back (hypergeometric).
 */
export function chanceToNotice(total: number, size: number): number {
  const wrong = Math.ceil(total * wrongShare);
  if (size + wrong > total) return 1;
  let missed = 1;
  for (let i = 0; i < size; i++) missed *= (total - wrong - i) / (total - i);
  return 1 - missed;
}
