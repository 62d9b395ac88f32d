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

/** Returns what `work` does, or throws the signal's reason if it fires first. The work itself goes on. */
export function orStopped<T>(work: Promise<T>, stop: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => reject(stop.reason);
    if (stop.aborted) end();
    stop.addEventListener('abort', end, { once: true });
    work.then(resolve, reject).finally(() => stop.removeEventListener('abort', end));
  });
}
