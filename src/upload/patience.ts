import { AppError } from '../errors.ts';
import { waitFor } from '../wait-for.ts';
import type { OnEvent } from './events.ts';

/** Waiting for a server that is busy or away: longer each time, and not for ever. Shared by all requests of a run. */
export interface Patience {
  /** Waits before another try; ends early if `signal` fires. Error: server_failing once tries are used up. */
  wait(why: string, askedMs: number | undefined, signal: AbortSignal): Promise<void>;
  /** Restarts the count of tries, because the server did something for us. */
  refill(): void;
}

const firstWaitMs = 500;
const longestBackoffMs = 30_000;
/** If the server asks for a longer pause than this, the run ends in order and says when to go on. */
export const longestWaitMs = 120_000;
/** With waits that double from half a second, this is a little over a minute of silence. */
const tries = 8;

/** Makes the patience of one run. Requests in flight fail together, so that many failures count as one. */
export function createPatience(inFlight: () => number, onEvent: OnEvent): Patience {
  let failures = 0;
  return {
    async wait(why, askedMs, signal) {
      if (signal.aborted) return;
      const attempt = Math.floor(failures) + 1;
      failures += 1 / inFlight();
      if (attempt > tries) throw givenUp(why);
      const backoff = Math.min(longestBackoffMs, firstWaitMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
      const waitMs = nextWait(attempt === 1, askedMs, backoff);
      onEvent({ type: 'retry', wait_s: Math.round(waitMs / 100) / 10, attempt, why });
      await waitFor(waitMs, signal);
    },
    refill() {
      failures = 0;
    },
  };
}

/**
 * Returns the milliseconds before the next try, from what the server asked for and our own backoff. From the second try on,
 * the server can only make the wait longer: a repeated `Retry-After: 0` would use up all tries at once.
 */
export function nextWait(isFirst: boolean, askedMs: number | undefined, ownMs: number): number {
  return isFirst ? (askedMs ?? ownMs) : Math.max(askedMs ?? 0, ownMs);
}

function givenUp(why: string): AppError {
  return new AppError('server_failing', `the server kept failing: ${why}`, {
    hints: ['progress is saved; run the same command again to continue'],
  });
}
