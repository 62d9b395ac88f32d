import { setTimeout as sleep } from 'node:timers/promises';
import { steadyNow } from './steady-clock.ts';

/** A timer stands still while the machine sleeps: so the clock is looked at now and then. */
export const longestSliceMs = 60_000;

/** Waits for a time that no setting of the clock changes; ends early, without an error, where `signal` fires. */
export async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  const end = steadyNow() + ms;
  for (let left = ms; left > 0 && !signal.aborted; left = end - steadyNow()) {
    await sleep(Math.min(left, longestSliceMs), undefined, { signal }).catch(() => undefined);
  }
}
