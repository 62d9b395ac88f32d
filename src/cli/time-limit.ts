import { timeIsUp } from '../upload/time-limit.ts';
import type { CommandContext } from './context.ts';

/** The same context, stopped as by a signal once `--max-duration` has passed since this process began. */
export function withTimeLimit(context: CommandContext): CommandContext {
  const { maxDuration } = context.options;
  if (maxDuration === undefined) return context;
  const limit = new AbortController();
  const { stop } = context;
  stop.addEventListener('abort', () => limit.abort(stop.reason), { once: true });
  // `performance.now()` counts from the start of the process, and no correction of the clock changes it.
  const left = maxDuration - performance.now();
  // A timer may come late in a busy process: what is up already is up.
  if (left <= 0) limit.abort(timeIsUp);
  else setTimeout(() => limit.abort(timeIsUp), left).unref();
  return { ...context, stop: limit.signal };
}
