import { expect, test } from 'vitest';
import { membership, type Range } from '../../src/tensor/ranges.ts';
import { seededRandom } from '../seeded-random.ts';

test('membership of rows is right in any order, and takes few looks at the ranges in ascending order', () => {
  const random = seededRandom(3);
  const ranges: Range[] = [];
  for (let at = 0; at < 3000; ) {
    const start = at + 1 + Math.floor(random() * 4);
    at = start + 1 + Math.floor(random() * 4);
    ranges.push([start, at]);
  }
  const rows = new Set(ranges.flatMap(([start, end]) => Array.from({ length: end - start }, (_, i) => start + i)));
  const isIn = membership(ranges);
  for (let i = 0; i < 20_000; i++) {
    const row = Math.floor(random() * 3100);
    expect(isIn(row)).toBe(rows.has(row));
  }
  let looks = 0;
  const counted = membership(
    new Proxy(ranges, {
      get(target, key, receiver) {
        if (/^\d+$/.test(String(key))) looks++;
        return Reflect.get(target, key, receiver);
      },
    }),
  );
  const last = (ranges.at(-1) as Range)[1];
  for (let row = 0; row < 2 * last; row++) expect(counted(row)).toBe(rows.has(row));
  // A few looks per row, whether it is in a range, between two or after all of them.
  expect(looks).toBeLessThan(8 * last);
});
