import { uptime } from 'node:os';
import { elapsedMs } from './elapsed.ts';

/** A clock in milliseconds that only goes forwards. Time asleep counts too, at most 50 ms after waking. */
export type SteadyClock = () => number;

/** Some systems report uptime in whole seconds, so a gap smaller than this does not count as sleep. */
const leastSleepMs = 2_000;
/** How often to check for sleep, in time awake: each check takes as long as reading a small file. */
const askEveryMs = 50;

/**
 * Combines a clock that stands still while the machine sleeps (`awake`) with one that does not but may be coarse
 * (`sinceBoot`). Neither is the wall clock, which people and time servers set.
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

/** Returns the machine's uptime. Some containers do not report it: time asleep goes unnoticed there. */
function uptimeMs(): number {
  try {
    return uptime() * 1000;
  } catch {
    return elapsedMs();
  }
}

/** Counts from the start of this process. */
export const steadyNow: SteadyClock = createSteadyClock(elapsedMs, uptimeMs);
