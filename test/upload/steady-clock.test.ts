import { expect, it } from 'vitest';
import { createSteadyClock } from '../../src/upload/steady-clock.ts';

it('a clock that counts time asleep, and never goes back', () => {
  let [awake, sinceBoot] = [5_000, 80_000];
  const pass = (ms: number, asleep = 0) => {
    awake += ms;
    sinceBoot += ms + asleep;
  };
  const now = createSteadyClock(
    () => awake,
    () => sinceBoot,
  );
  expect(now()).toBe(5_000);
  pass(1_500);
  expect(now()).toBe(6_500);
  // An uptime in whole seconds is no sleep.
  sinceBoot += 900;
  expect(now()).toBe(6_500);
  sinceBoot -= 900;
  pass(100, 8 * 3_600_000);
  expect(now()).toBe(6_600 + 8 * 3_600_000);
  sinceBoot -= 50_000;
  pass(0, 0);
  expect(now()).toBe(6_600 + 8 * 3_600_000);
});
