import { expect, it } from 'vitest';
import { createSteadyClock } from '../../src/steady-clock.ts';

it('the steady clock counts time asleep and never goes back', () => {
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
  // An uptime that is only rounded to seconds is not taken for sleep.
  pass(50, 900);
  expect(now()).toBe(6_550);
  pass(50, -900);
  expect(now()).toBe(6_600);
  const night = 8 * 3_600_000;
  pass(100, night);
  expect(now()).toBe(6_700 + night);
  // The uptime is read again only after 50 ms awake.
  pass(49, 5_000);
  expect(now()).toBe(6_749 + night);
  pass(1);
  expect(now()).toBe(11_750 + night);
  pass(50, -50_000);
  expect(now()).toBe(11_800 + night);
});
