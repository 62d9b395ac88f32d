import { steadyNow } from '../steady-clock.ts';
import { waitFor } from '../wait-for.ts';
import type { Batch, Run } from './batch.ts';

/** Shorter waits are not reported one by one. */
const longWaitMs = 15_000;

/** Waits until the server takes another request, as far as it says. False if the run is to end before that. */
export async function takeTurn(run: Run, { body }: Batch): Promise<boolean> {
  const { pacer } = run.delivery;
  const now = steadyNow();
  const need = Math.max(1, Math.ceil(run.left / body.pieces.length));
  const waitMs = pacer.turn(need, now) - now;
  if (waitMs > 0) tell(run, need, waitMs);
  await waitFor(waitMs, run.over);
  return !run.over.aborted;
}

function tell(run: Run, need: number, waitMs: number): void {
  const left = Math.max(0, run.delivery.pacer.left ?? 0);
  if (waitMs >= longWaitMs) {
    const until = new Date(Date.now() + waitMs).toISOString();
    const why = `the server accepts ${left} more requests for now, and ${need} are still to be sent`;
    run.onEvent({ type: 'waiting', until, why });
  } else if (!run.paced) {
    run.paced = true;
    run.onEvent({ type: 'pacing', left, need, interval_s: Math.round(run.delivery.pacer.intervalMs / 100) / 10 });
  }
}
