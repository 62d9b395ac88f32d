import { expect, it } from 'vitest';
import { nextWait } from '../../src/upload/patience.ts';

it.each([
  [true, undefined, 500, 500],
  [true, 0, 500, 0],
  [true, 9000, 500, 9000],
  // A server that keeps asking for no pause would use up all tries in a moment.
  [false, 0, 500, 500],
  [false, 9000, 500, 9000],
  [false, undefined, 500, 500],
])('first try: %s, the server asks for %s ms, own backoff %s ms: waits %s ms', (isFirst, asked, own, expected) => {
  expect(nextWait(isFirst, asked, own)).toBe(expected);
});
