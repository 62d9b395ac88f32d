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
 * Carries out a checked upload: opens the job's journal, resumes from it, looks up what it does not say and sends the rest.
 * Errors: locked, checkpoint_mismatch, feature_exists, difference, and those of sending.
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
      // Checked again now that others can see this run's plan: of two runs that begin at once, one sees the other's.
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
 * Checks the rows of unanswered batches that this run does not plan: such a batch is rebuilt whole, so they must be
 * unchanged too. Error: checkpoint_mismatch.
 */
async function checkOpenBatches({ matrix, planned, fields, delivery }: JobInput, { state }: Journal): Promise<void> {
  const open = mergeRanges(batchesAmong(state, planned).flatMap(({ rows }) => rows));
  const unchecked = subtractRanges(open, wholeBlocks(planned, matrix.rows));
  if (unchecked.length === 0) return;
  // A value that is not finite now was finite when it was sent, so the digest will show the change.
  const leaveOut = { format: delivery.format, skipBad: true, isPart: true };
  const { blocks } = await checkRows(matrix, unchecked, () => undefined, leaveOut);
  checkData(state, { matrix, blocks, fields });
}

/** Errors of a server that will take nothing of an upload, now or later. */
const refusals: ReadonlySet<string> = new Set([
  ...['refused', 'authentication_failed', 'upload_not_permitted', 'cannot_be_stored'],
]);

/** Whether a refused job has nothing on the server, for certain: then there is nothing to resume. */
function isNothing({ stored, unknown, remade, deleted }: JournalState, code: string): boolean {
  return refusals.has(code) && [stored, unknown, remade, deleted].every((rows) => rows.length === 0);
}

/** Records rows that failed the check in the journal. */
async function noteQuarantined(journal: Journal, rows: ReadonlyMap<number, string>): Promise<void> {
  const fresh = [...rows].filter(([row]) => !journal.state.quarantined.has(row));
  if (fresh.length > 0) await journal.append({ t: 'quarantined', rows: Object.fromEntries(fresh) });
}
