import { expect, it } from 'vitest';
import { nextWait } from '../../src/upload/patience.ts';

it.each([
  [true, undefined, 500, 500],
  [true, 0, 500, 0],
  [true, 9000, 500, 9000],
  // Asked for no pause again and again, all tries would be used up in a moment.
  [false, 0, 500, 500],
  [false, 9000, 500, 9000],
  [false, undefined, 500, 500],
])('first try %s, asked for %s ms, %s of its own: waits %s', (isFirst, asked, own, expected) => {
  expect(nextWait(isFirst, asked, own)).toBe(expected);
});
