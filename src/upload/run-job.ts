import { countRows, intersectRanges, mergeRanges, type Ranges } from '../tensor/ranges.ts';
import type { Matrix } from '../tensor/tensor.ts';
import type { Delivery } from './delivery.ts';
import type { OnEvent } from './events.ts';
import { bindData, type JobIdentity, type OpenJobOptions, openJob } from './job.ts';
import type { Journal } from './journal.ts';
import { type JournalState, pendingRows } from './journal-state.ts';
import { lookFirst } from './look-first.ts';
import { type SendResult, sendRows } from './send-rows.ts';
import type { Quota, Server } from './server.ts';

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
  /** First signal: nothing new is begun. */
  readonly stop: AbortSignal;
  /** Second signal: what is in flight is left unknown. */
  readonly abort: AbortSignal;
  readonly onEvent: OnEvent;
}

export interface JobInput extends UploadRun, OpenJobOptions {
  readonly identity: JobIdentity;
  readonly matrix: Matrix;
  readonly planned: Ranges;
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
  readonly end: SendResult;
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
    const state = await lookFirst(input, job.journal);
    return await sendPending(input, job.id, job.journal, state);
  } finally {
    await job.close();
  }
}

async function sendPending(input: JobInput, id: string, journal: Journal, state: JournalState): Promise<JobReport> {
  const { planned, matrix, delivery, onEvent } = input;
  const { rows: pending, cut } = cutToQuota(pendingRows(state, planned), input.server.quota);
  const total = countRows(planned);
  const before = countRows(intersectRanges(planned, state.stored));
  let confirmed = before;
  let stored = state.stored;
  const ids = new Map(state.ids);
  const tell = () => onEvent({ type: 'progress', confirmed, total });
  tell();
  const end = await sendRows({
    ...input,
    matrix,
    delivery,
    journal,
    pending,
    unknown: state.unknown.filter((intent) => overlaps(intent.rows, planned)),
    nextBatch: state.nextBatch,
    onConfirmed: (rows, given) => {
      for (const [row, id] of given) ids.set(row, id);
      confirmed += countRows(intersectRanges(rows, planned));
      stored = mergeRanges([...stored, ...rows]);
      tell();
    },
  });
  if (end.type === 'finished' && !cut && !state.done) await markDone(journal);
  return {
    job: id,
    planned: total,
    confirmed,
    found: countRows(intersectRanges(planned, state.found)),
    sent: confirmed - before,
    ids,
    stored,
    end:
      end.type === 'finished' && cut
        ? { type: 'quota', resumeAt: input.server.quota?.resetsAt, why: 'the quota is spent' }
        : end,
  };
}

/** A batch of other rows, from a run with another selection, waits for a run that plans them. */
function overlaps(rows: Ranges, planned: Ranges): boolean {
  return countRows(intersectRanges(mergeRanges(rows), planned)) > 0;
}

async function markDone(journal: Journal): Promise<void> {
  await journal.append({ t: 'done', at: new Date().toISOString() });
  await journal.sync();
}

/** No more rows than the account may upload now: a batch over the quota would be refused whole. */
function cutToQuota(rows: Ranges, quota: Quota | undefined): { rows: Ranges; cut: boolean } {
  if (!quota || quota.limit === null) return { rows, cut: false };
  let left = Math.max(0, quota.limit - quota.used);
  const kept: [number, number][] = [];
  for (const [start, end] of rows) {
    const count = Math.min(left, end - start);
    if (count > 0) kept.push([start, start + count]);
    left -= count;
  }
  return { rows: kept, cut: countRows(kept) < countRows(rows) };
}
