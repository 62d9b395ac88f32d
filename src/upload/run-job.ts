import { AppError } from '../errors.ts';
import { mergeRanges, subtractRanges } from '../tensor/ranges.ts';
import { bindData, checkData } from './bind-data.ts';
import { checkRows } from './check-rows.ts';
import { wholeBlocks } from './fingerprint.ts';
import { type JobEnd, noteTyped, openJob } from './job.ts';
import { refuseOverlap } from './jobs-beside.ts';
import type { Journal } from './journal.ts';
import { batchesAmong, type JournalState } from './journal-state.ts';
import { lookFirst } from './look-first.ts';
import { notingPause } from './note-pause.ts';
import type { JobInput, JobReport } from './run.ts';
import { sendJob } from './send-job.ts';

/**
 * Brings a checked plan to the server: opens the job's journal, goes on where it stands, looks up what it does not
 * tell, sends the rest. Errors: locked, checkpoint_mismatch, feature_exists, difference, and those of sending.
 */
export async function runJob(input: JobInput): Promise<JobReport> {
  const job = await openJob(input);
  let end: JobEnd = 'kept';
  try {
    for (const message of job.journal.warnings) input.onEvent({ type: 'warning', message });
    await checkOpenBatches(input, job.journal);
    await bindData(job.journal, input);
    await noteTyped(job.journal, input);
    await noteQuarantined(job.journal, input.quarantined ?? new Map());
    return await notingPause(job.journal, async () => {
      await lookFirst(input, job);
      // Asked once more now that this run's plan can be seen too: of two that begin at once, one sees the other's.
      await refuseOverlap(input, job).catch((error) => {
        end = 'refused';
        throw error;
      });
      await job.begun();
      input.onStage?.('begun');
      return sendJob(input, job);
    });
  } catch (error) {
    if (error instanceof AppError && error.code === 'feature_exists') end = 'refused';
    else if (error instanceof AppError && isNothing(job.journal.state, error.code)) end = 'nothing';
    throw error;
  } finally {
    await job.close(end);
  }
}

/**
 * A batch without an answer is made anew whole: of its rows, those that another selection planned must be as they were too.
 * Error: checkpoint_mismatch.
 */
async function checkOpenBatches({ matrix, planned, fields, delivery }: JobInput, { state }: Journal): Promise<void> {
  const open = mergeRanges(batchesAmong(state, planned).flatMap(({ rows }) => rows));
  const unchecked = subtractRanges(open, wholeBlocks(planned, matrix.rows));
  if (unchecked.length === 0) return;
  // What is not finite now was finite when it was sent: its digest says so.
  const leaveOut = { format: delivery.format, skipBad: true, isPart: true };
  const { blocks } = await checkRows(matrix, unchecked, () => undefined, leaveOut);
  checkData(state, { matrix, blocks, fields });
}

/** What the server answers when it takes nothing of an upload, now or later. */
const refusals: ReadonlySet<string> = new Set([
  ...['refused', 'authentication_failed', 'upload_not_permitted', 'cannot_be_stored'],
]);

/** Whether a job that the server has refused has nothing there, and nothing that may be: then there is nothing to go on with. */
function isNothing({ stored, unknown, deleted }: JournalState, code: string): boolean {
  return refusals.has(code) && [stored, unknown, deleted].every((rows) => rows.length === 0);
}

/** Rows that failed the check are told by the journal too. */
async function noteQuarantined(journal: Journal, rows: ReadonlyMap<number, string>): Promise<void> {
  const fresh = [...rows].filter(([row]) => !journal.state.quarantined.has(row));
  if (fresh.length > 0) await journal.append({ t: 'quarantined', rows: Object.fromEntries(fresh) });
}
