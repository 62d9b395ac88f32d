import { AppError, reopeningOf } from '../errors.ts';
import type { Journal } from './journal.ts';
import type { JobReport } from './run.ts';
import { timeIsUpText } from './time-limit.ts';

/**
 * Runs a job. If it ends at a limit, records that in its journal, for `status`. Errors: those of `run`. Failing to record it
 * is not an error: only the reason for the pause is lost.
 */
export async function notingPause(journal: Journal, run: () => Promise<JobReport>): Promise<JobReport> {
  try {
    const report = await run();
    const { end } = report;
    if (end.type === 'quota') await note(journal, end.why, end.resumeAt?.toISOString());
    if (end.type === 'time_up') await note(journal, timeIsUpText, new Date().toISOString());
    return report;
  } catch (error) {
    if (error instanceof AppError && error.code === 'paused') {
      await note(journal, error.message, reopeningOf(error).resumeAt?.toISOString());
    }
    throw error;
  }
}

async function note(journal: Journal, why: string, resumeAt: string | undefined): Promise<void> {
  if (journal.state.done) return;
  const record = { t: 'paused' as const, at: new Date().toISOString(), why, resumeAt: resumeAt ?? null };
  await journal.append(record).catch(() => undefined);
}
