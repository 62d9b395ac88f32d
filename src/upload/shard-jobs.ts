import { AppError } from '../errors.ts';
import { intersectRanges, type Ranges } from '../tensor/ranges.ts';
import { type KnownJob, listJobs } from './jobs.ts';
import { journalPath, readJobRecord } from './journal.ts';
import type { JobRecord } from './journal-records.ts';

/**
 * Shards of one division of an SAE run side by side; a run of the whole, or of another division, has rows in common with
 * them, and both would send these; so has one over other features that is divided alike. Asked once a job's own record is written: of two that begin at once, one sees the
 * other. Error: locked, naming the other job.
 */
export async function refuseOverlap(stateDir: string, id: string, planned: Ranges): Promise<void> {
  const job = await readJobRecord(journalPath(stateDir, id));
  const others = job ? await listJobs(stateDir, (known) => known.id !== id && isBeside({ id, job }, known)) : [];
  const other = others.find(
    (one) =>
      one.state === 'running' &&
      ((job && divideOtherwise(job, one.job)) || intersectRanges(planned, one.plan).length > 0),
  );
  if (!other) return;
  const what = other.job.shard === undefined ? 'the whole of it' : `its shard ${other.job.shard}`;
  throw new AppError(
    'locked',
    `another run is uploading ${other.job.model}/${other.job.source}: ${what} (job ${other.id})`,
    { hints: ['wait until it has ended; shards run side by side where all of them are of the same number N of parts'] },
  );
}

/** Where a job's rows go. */
export type JobPlace = Pick<JobRecord, 'server' | 'account' | 'model' | 'source' | 'as'>;

/**
 * Whether some of these rows were sent by another job than `self`, or before a restart that has put its journal aside, in
 * requests without an answer: these may still be under way.
 */
export async function isLostBeside(
  stateDir: string,
  place: JobPlace,
  self: string | undefined,
  rows: Ranges,
): Promise<boolean> {
  const others = await listJobs(stateDir, (known) => known.id !== self && samePlace(known.job, place));
  return others.some(({ unknownRows }) => intersectRanges(rows, unknownRows).length > 0);
}

/** Shards, or a shard and the whole: jobs of the same place that share nothing else may be of other rows. */
function isBeside({ job: a }: KnownJob, { job: b }: KnownJob): boolean {
  return samePlace(a, b) && (a.shard ?? b.shard) !== undefined;
}

function samePlace(a: JobPlace, b: JobPlace): boolean {
  return (['server', 'account', 'model', 'source', 'as'] as const).every((name) => a[name] === b[name]);
}

function divideOtherwise(a: JobRecord, b: JobRecord): boolean {
  return a.shard?.split('/')[1] !== b.shard?.split('/')[1];
}
