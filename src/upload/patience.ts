import { AppError } from '../errors.ts';
import { waitFor } from '../wait-for.ts';
import type { OnEvent } from './events.ts';

/** Waiting for a server that is busy or away: longer each time, and not for ever. Shared by all requests of a run. */
export interface Patience {
  /** Waits before another try; ends early where `signal` fires. Error: server_failing once tries are used up. */
  wait(why: string, askedMs: number | undefined, signal: AbortSignal): Promise<void>;
  /** The server did something for us: the count begins anew. */
  refill(): void;
}

const firstWaitMs = 500;
const longestBackoffMs = 30_000;
/** A pause of minutes is no pause between two requests: the run ends in order and says when to go on. */
export const longestWaitMs = 120_000;
/** With waits doubling from half a second that is a little over a minute of silence. */
const tries = 8;

/** Makes the patience of one run. As many failures as there are requests in flight count as one: they fail together. */
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
 * Milliseconds before the next try, by what the server asked for and by ourselves. One that answers `Retry-After: 0` again and
 * again would use up all tries at once: from the second on its word only makes the wait longer.
 */
export function nextWait(isFirst: boolean, askedMs: number | undefined, ownMs: number): number {
  return isFirst ? (askedMs ?? ownMs) : Math.max(askedMs ?? 0, ownMs);
}

function givenUp(why: string): AppError {
  return new AppError('server_failing', `the server kept failing: ${why}`, {
    hints: ['progress is saved; run the same command again to go on'],
  });
}
