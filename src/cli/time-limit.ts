import { steadyNow } from '../steady-clock.ts';
import { isTimeUp, timeUp } from '../upload/time-limit.ts';
import { longestSliceMs } from '../wait-for.ts';
import { type CommandContext, graceMs } from './context.ts';

/**
 * Runs an upload. Stops it, as a signal would, once `--max-duration` has passed since this process began, and cuts it off
 * after a grace period. Error: paused if it was cut off before any job could report.
 */
export async function withTimeLimit(
  given: CommandContext,
  work: (context: CommandContext) => Promise<number>,
): Promise<number> {
  const { maxDuration } = given.options;
  if (maxDuration === undefined) return work(given);
  const [stop, abort] = [new AbortController(), new AbortController()];
  given.stop.addEventListener('abort', () => stop.abort(given.stop.reason), { once: true });
  given.abort.addEventListener('abort', () => abort.abort(given.abort.reason), { once: true });
  let timer: NodeJS.Timeout | undefined;
  const check = () => {
    const left = maxDuration - steadyNow();
    if (left <= 0) stop.abort(timeUp());
    timer = left > 0 ? setTimeout(check, Math.min(left, longestSliceMs)) : setTimeout(() => abort.abort(), graceMs);
    timer.unref();
  };
  check();
  try {
    return await work({ ...given, stop: stop.signal, abort: abort.signal });
  } catch (error) {
    throw isTimeUp(stop.signal.reason) && abort.signal.aborted ? stop.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}
