import { uptime } from 'node:os';
import { elapsedMs } from './elapsed.ts';

/** A clock that only goes forwards, in milliseconds: nobody sets it, and time asleep counts, at the latest 50 ms after it. */
export type SteadyClock = () => number;

/** Some systems tell their uptime in whole seconds: less than this is no sleep. */
const leastSleepMs = 2_000;
/** Time awake in which it is asked once whether there was any asleep: that takes as long as reading a small file. */
const askEveryMs = 50;

/**
 * Makes one of a clock that stands still while the machine sleeps and one that does not but may be coarse. Neither is
 * the wall clock, which people and time servers set.
 */
export function createSteadyClock(awake: () => number, sinceBoot: () => number): SteadyClock {
  const atStart = sinceBoot() - awake();
  let asleep = 0;
  let askedAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = awake();
    if (now - askedAt >= askEveryMs) {
      askedAt = now;
      const slept = sinceBoot() - now - atStart;
      if (slept - asleep > leastSleepMs) asleep = slept;
    }
    return now + asleep;
  };
}

/** Some containers do not tell: time asleep is missed there. */
function uptimeMs(): number {
  try {
    return uptime() * 1000;
  } catch {
    return elapsedMs();
  }
}

/** Counts from the start of this process. */
export const steadyNow: SteadyClock = createSteadyClock(elapsedMs, uptimeMs);
