import { count } from '../count.ts';
import {
  countRows,
  eachRow,
  intersectRanges,
  type Range,
  type Ranges,
  rangesOf,
  subtractRanges,
} from '../tensor/ranges.ts';
import type { QuotaAhead } from './events.ts';
import type { Job } from './job.ts';
import { batchesAmong, doubtfulRows, type JournalState, pendingRows } from './journal-state.ts';
import { freshQuota, isLimited, leftToday, untilReset, waitForQuota } from './quota.ts';
import { reportOf } from './report-of.ts';
import type { JobInput, JobReport, SendResult } from './run.ts';
import { sendRows } from './send-rows.ts';
import type { Quota } from './server.ts';
import { isTimeUp } from './time-limit.ts';

/** Running totals of a job; each round adds to them. */
interface Tally {
  readonly total: number;
  readonly before: number;
  confirmed: number;
  /** Counts those of these rows that are planned and were not counted before. */
  readonly countNew: (rows: Ranges) => number;
  readonly quarantined: Map<number, string>;
  quota?: QuotaAhead | undefined;
}

/** The job whose rows are sent. */
type SentJob = Pick<Job, 'id' | 'journal'>;

/** Most rounds in succession that may get nothing through although the quota had been reset. */
const mostIdleRounds = 5;

/**
 * Sends the rows still to be sent: as many as the quota allows and, with `wait`, the rest after each reset, round by round.
 * Errors: those of `sendRows`.
 */
export async function sendJob(input: JobInput, job: SentJob): Promise<JobReport> {
  const first = job.journal.state;
  const tally = startTally(input, first);
  const tell = () => {
    const { confirmed, total, quota } = tally;
    input.onEvent({ type: 'progress', confirmed, total, ...(quota && { quota }) });
  };
  tell();
  let quota = await freshQuota(input);
  for (let idle = 0; ; ) {
    const before = tally.confirmed;
    const end = await sendRound(input, job, { quota, tally, tell });
    idle = tally.confirmed > before ? 0 : idle + 1;
    const again = end.type === 'quota' && input.wait && idle <= mostIdleRounds;
    const reopened = again ? await waitForQuota(input, end, idle) : undefined;
    if (!reopened) return report(input, job, tally, ended(input, end));
    quota = reopened.quota;
  }
}

function startTally({ matrix, planned, quarantined }: JobInput, state: JournalState): Tally {
  const before = countRows(intersectRanges(planned, state.stored));
  return {
    total: countRows(planned),
    before,
    confirmed: before,
    countNew: newRows(matrix.rows, planned, state.stored),
    quarantined: new Map(quarantined),
  };
}

/** Returns a counter of planned rows that are not among the `counted` ones. A flag for each row: ranges may be many. */
function newRows(rows: number, planned: Ranges, counted: Ranges): (more: Ranges) => number {
  const isOpen = new Uint8Array(rows);
  for (const [start, end] of planned) isOpen.fill(1, start, end);
  for (const [start, end] of counted) isOpen.fill(0, start, end);
  return (more) => {
    let found = 0;
    for (const row of eachRow(more)) found += isOpen[row] ?? 0;
    for (const [start, end] of more) isOpen.fill(0, start, end);
    return found;
  };
}

/** How a job stands when a round of sending begins. */
interface Round {
  readonly quota: Quota | undefined;
  readonly tally: Tally;
  readonly tell: () => void;
}

async function sendRound(input: JobInput, { id, journal }: SentJob, round: Round): Promise<SendResult> {
  const { quota, tally, tell } = round;
  const { planned } = input;
  const { state } = journal;
  const pending = pendingRows(state, planned);
  const left = doubtfulRows(state, pending);
  const { rows, cut } = cutToQuota(subtractRanges(pending, left), quota);
  tally.quota = cut ? quotaAhead(quota, tally, countRows(rows)) : undefined;
  try {
    const end = await sendRows({
      ...input,
      job: id,
      journal,
      pending: rows,
      // Rows quarantined in this very run have already had their second chance.
      doubtful: cut ? [] : subtractRanges(left, rangesOf(tally.quarantined.keys())),
      unknown: batchesAmong(state, planned),
      nextBatch: state.nextBatch,
      takenBefore: intersectRanges(state.sent, state.stored).length > 0,
      onConfirmed: (confirmed) => {
        // Some rows of a batch that is sent again may have been found and counted before.
        tally.confirmed += tally.countNew(confirmed);
        tell();
      },
      onQuarantined: (row, why) => tally.quarantined.set(row, why),
    });
    if (end.type === 'finished' && cut) return spent(quota);
    if (end.type === 'finished' && !state.done) {
      await journal.append({ t: 'done', at: new Date().toISOString() });
    }
    return end;
  } finally {
    await journal.sync();
  }
}

function quotaAhead(quota: Quota | undefined, { confirmed, total }: Tally, today: number): QuotaAhead {
  const reach = confirmed + today;
  const days = Math.ceil((total - reach) / Math.max(1, quota?.limit ?? 1));
  return { reach, resumeAt: quota?.resetsAt?.toISOString() ?? null, days };
}

function spent(quota: Quota | undefined): SendResult {
  const waitMs = quota && untilReset(quota);
  const why = isLimited(quota) ? `the quota of ${count(quota.limit)} features a day is spent` : 'the quota is spent';
  return { type: 'quota', resumeAt: quota?.resetsAt, ...(waitMs !== undefined && { waitMs }), ofTier: true, why };
}

/** Cuts rows down to those that the account may upload now: a batch over the quota would be refused whole. */
function cutToQuota(rows: Ranges, quota: Quota | undefined): { rows: Ranges; cut: boolean } {
  let left = leftToday(quota);
  const kept: Range[] = [];
  for (const range of rows) {
    const [start, end] = range;
    const count = Math.min(left, end - start);
    if (count > 0) kept.push(count === end - start ? range : [start, start + count]);
    left -= count;
  }
  return { rows: kept, cut: countRows(kept) < countRows(rows) };
}

/** Settles how a run ended. The same signal stops it for a person and for the time limit; its reason says which it was. */
function ended({ stop }: JobInput, end: SendResult): JobReport['end'] {
  if (!stop.aborted || end.type === 'finished') return end;
  if (!isTimeUp(stop.reason)) return { type: 'stopped' };
  return end.type === 'stopped' ? { type: 'time_up' } : end;
}

function report(input: JobInput, { id, journal }: SentJob, tally: Tally, end: JobReport['end']): JobReport {
  const { before, confirmed, quarantined } = tally;
  return { ...reportOf(id, journal.state, input.planned), sent: confirmed - before, quarantined, end };
}
