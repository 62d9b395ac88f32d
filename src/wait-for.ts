import { setTimeout as sleep } from 'node:timers/promises';
import { steadyNow } from './steady-clock.ts';

/** Timers stand still while the machine sleeps, so the clock is checked at least this often. */
export const longestSliceMs = 60_000;

/** Waits, unaffected by changes to the wall clock. Ends early, without an error, if `signal` fires. */
export async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  const end = steadyNow() + ms;
  for (let left = ms; left > 0 && !signal.aborted; left = end - steadyNow()) {
    await sleep(Math.min(left, longestSliceMs), undefined, { signal }).catch(() => undefined);
  }
}
