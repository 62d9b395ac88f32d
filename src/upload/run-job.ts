import type { Ranges } from '../tensor/ranges.ts';
import type { Matrix } from '../tensor/tensor.ts';
import { bindData } from './bind-data.ts';
import type { Delivery } from './delivery.ts';
import type { OnEvent } from './events.ts';
import { type JobIdentity, type OpenJobOptions, openJob, type Typed } from './job.ts';
import type { Journal } from './journal.ts';
import { lookFirst } from './look-first.ts';
import { sendJob } from './send-job.ts';
import type { SendResult } from './send-rows.ts';
import type { Server } from './server.ts';

/** What every upload needs from who started it, whatever it uploads. */
export interface UploadRun {
  readonly server: Server;
  readonly stateDir: string;
  readonly restart: boolean;
  readonly forceUnlock: boolean;
  /** How long a server may still be working on a request whose connection was lost. */
  readonly settleTimeoutMs: number;
  /** What to type to go on. */
  readonly command: string;
  /** The same as words, for a later look at what was sent. */
  readonly typed?: Typed;
  /** When a quota is spent, sleep until it is reset instead of ending. */
  readonly wait: boolean;
  /** Begin a vector job although the server cannot list what is there. */
  readonly assumeNew: boolean;
  /** First signal, or the end of the run's time (its reason is `timeIsUp` then): nothing new is begun. */
  readonly stop: AbortSignal;
  /** Second signal: what is in flight is left unknown. */
  readonly abort: AbortSignal;
  readonly onEvent: OnEvent;
}

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
  /** Whether the destination was made by this very run, so that nothing can be there. */
  readonly isNew: boolean;
}

/** How a job stands when its run ends. Counts are rows. */
export interface JobReport {
  readonly job: string;
  readonly planned: number;
  /** On the server for certain, by its own word. */
  readonly confirmed: number;
  /** Of these, there before this job sent them. */
  readonly found: number;
  /** Of these, confirmed in this run. */
  readonly sent: number;
  readonly ids: ReadonlyMap<number, string>;
  /** The rows that are confirmed. */
  readonly stored: Ranges;
  /** Rows that were left out, and why: they failed the check, or the server keeps failing them. */
  readonly quarantined: ReadonlyMap<number, string>;
  readonly end: SendResult | { readonly type: 'time_up' };
}

/**
 * Brings a checked plan to the server: opens the job's journal, goes on where it stands, looks up what it does not
 * tell, sends the rest. Errors: locked, checkpoint_mismatch, feature_exists, difference, and those of sending.
 */
export async function runJob(input: JobInput): Promise<JobReport> {
  const job = await openJob(input.server, input.identity, input);
  try {
    for (const message of job.journal.warnings) input.onEvent({ type: 'warning', message });
    await bindData(job.journal, input);
    await noteQuarantined(job.journal, input.quarantined ?? new Map());
    const state = await lookFirst(input, job.journal);
    return await sendJob(input, job.id, job.journal, state);
  } finally {
    await job.close();
  }
}

/** Rows that failed the check are told by the journal too. */
async function noteQuarantined(journal: Journal, rows: ReadonlyMap<number, string>): Promise<void> {
  const fresh = [...rows].filter(([row]) => !journal.state.quarantined.has(row));
  if (fresh.length > 0) await journal.append({ t: 'quarantined', rows: Object.fromEntries(fresh) });
}
