import { AppError } from '../errors.ts';
import type { Ranges } from '../tensor/ranges.ts';
import type { Matrix } from '../tensor/tensor.ts';
import type { RequireUnchanged } from '../tensor/unchanged.ts';
import { bindData } from './bind-data.ts';
import type { Delivery } from './delivery.ts';
import { noteTyped, type OpenJobOptions, openJob } from './job.ts';
import { refuseOverlap } from './jobs-beside.ts';
import type { Journal } from './journal.ts';
import { lookFirst } from './look-first.ts';
import { notingPause } from './note-pause.ts';
import type { JobIdentity, JobReport, UploadRun } from './run.ts';
import { sendJob } from './send-job.ts';

export interface JobInput extends UploadRun, OpenJobOptions {
  readonly identity: JobIdentity;
  readonly matrix: Matrix;
  readonly planned: Ranges;
  /** Rows that are not planned because they failed the check, and why. */
  readonly quarantined?: ReadonlyMap<number, string>;
  readonly blocks: ReadonlyMap<number, string>;
  /** The fields sent beside the values, as a JSON object. */
  readonly fields: string;
  readonly delivery: Delivery;
  /** Throws where the file is no longer the one that was checked; absent for what is in memory. */
  readonly requireUnchanged?: RequireUnchanged;
  /** Whether the destination was made by this very run, so that nothing can be there. */
  readonly isNew: boolean;
}

/**
 * Brings a checked plan to the server: opens the job's journal, goes on where it stands, looks up what it does not
 * tell, sends the rest. Errors: locked, checkpoint_mismatch, feature_exists, difference, and those of sending.
 */
export async function runJob(input: JobInput): Promise<JobReport> {
  const job = await openJob(input.server, input.identity, input);
  let refused = false;
  try {
    for (const message of job.journal.warnings) input.onEvent({ type: 'warning', message });
    await bindData(job.journal, input);
    await noteTyped(job.journal, input.typed, input.command);
    await noteQuarantined(job.journal, input.quarantined ?? new Map());
    return await notingPause(job.journal, async () => {
      const state = await lookFirst(input, job);
      // Asked once more now that this run's plan can be seen too: of two that begin at once, one sees the other's.
      await refuseOverlap(input.stateDir, job.id, input.planned).catch((error) => {
        refused = true;
        throw error;
      });
      await job.begun();
      return sendJob(input, job.id, job.journal, state);
    });
  } catch (error) {
    refused ||= error instanceof AppError && error.code === 'feature_exists';
    throw error;
  } finally {
    await job.close(refused);
  }
}

/** Rows that failed the check are told by the journal too. */
async function noteQuarantined(journal: Journal, rows: ReadonlyMap<number, string>): Promise<void> {
  const fresh = [...rows].filter(([row]) => !journal.state.quarantined.has(row));
  if (fresh.length > 0) await journal.append({ t: 'quarantined', rows: Object.fromEntries(fresh) });
}
