import { setTimeout as sleep } from 'node:timers/promises';

/** A timer counts the time that this machine is awake, and no correction of its clock: so the clock is looked at now and then. */
const longestSliceMs = 60_000;

/** Waits until an instant by the wall clock; ends early, without an error, where `signal` fires. */
export async function waitUntil(at: Date, signal: AbortSignal): Promise<void> {
  for (let left = at.getTime() - Date.now(); left > 0 && !signal.aborted; left = at.getTime() - Date.now()) {
    await sleep(Math.min(left, longestSliceMs), undefined, { signal }).catch(() => undefined);
  }
}
