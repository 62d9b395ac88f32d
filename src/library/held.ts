import { reopeningOf } from '../errors.ts';
import { isTimeUp } from '../upload/time-limit.ts';
import type { Held, SaeEnd } from './sae-upload.ts';

/** Returns why the next job of an upload must not begin, given how the last one ended; undefined if it may. */
export function whatHolds(stop: AbortSignal | undefined, last: SaeEnd | undefined): Held | undefined {
  if (stop?.aborted) return { end: { type: isTimeUp(stop.reason) ? 'time_up' : 'stopped' } };
  if (last?.held) return last.held;
  if (last?.report?.end.type === 'quota') return { end: last.report.end };
  if (last?.error?.code !== 'paused') return undefined;
  const { resumeAt } = reopeningOf(last.error);
  return { end: { type: 'quota', resumeAt, why: last.error.message } };
}
