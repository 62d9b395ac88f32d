import type { JobReport } from '../upload/run-job.ts';
import type { CommandContext } from './context.ts';
import type { End } from './sae-summary.ts';
import { isTimeUp } from './time-limit.ts';

/** Why a job was not begun, in the terms of one that was. */
export type Held = Pick<JobReport, 'end'>;

/** What keeps the next job of a command from being begun, given how the last one ended; undefined where nothing does. */
export function whatHolds(context: CommandContext, last: End | undefined): Held | undefined {
  if (context.stop.aborted) return { end: { type: isTimeUp(context) ? 'time_up' : 'stopped' } };
  if (last?.held) return last.held;
  if (last?.report?.end.type === 'quota') return { end: last.report.end };
  if (last?.error?.code !== 'paused') return undefined;
  const { resume_at } = last.error.details;
  const resumeAt = typeof resume_at === 'string' ? new Date(resume_at) : undefined;
  return { end: { type: 'quota', resumeAt, why: last.error.message } };
}
