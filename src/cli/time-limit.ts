import { steadyNow } from '../upload/steady-clock.ts';
import { timeIsUp } from '../upload/time-limit.ts';
import { longestSliceMs } from '../upload/wait-until.ts';
import type { CommandContext } from './context.ts';

/** The same context, stopped as by a signal once `--max-duration` has passed since this process began. */
export function withTimeLimit(context: CommandContext): CommandContext {
  const { maxDuration } = context.options;
  if (maxDuration === undefined) return context;
  const limit = new AbortController();
  const { stop } = context;
  stop.addEventListener('abort', () => limit.abort(stop.reason), { once: true });
  const check = () => {
    const left = maxDuration - steadyNow();
    if (left <= 0) limit.abort(timeIsUp);
    else setTimeout(check, Math.min(left, longestSliceMs)).unref();
  };
  check();
  return { ...context, stop: limit.signal };
}

/** Whether it was the clock that ended a command, and not a person. */
export function isTimeUp({ stop }: CommandContext): boolean {
  return stop.aborted && stop.reason === timeIsUp;
}

/**
 * For work that has nothing under way which would have to end in order: throws what a person's signal stopped it with.
 * A time limit does not: what it ends is summed up as a pause.
 */
export function throwIfSignalled(context: CommandContext): void {
  if (!isTimeUp(context)) context.stop.throwIfAborted();
}
