import { existsSync } from 'node:fs';
import { AppError } from '../errors.ts';
import { eachRow, intersectRanges, type Ranges, rangesOf } from '../tensor/ranges.ts';
import type { RowIdentity } from './delivery.ts';
import { type JobStatus, type KnownJob, listJobs } from './jobs.ts';
import { type Journal, lockPath } from './journal.ts';
import type { JobRecord } from './journal-records.ts';
import type { JobInput } from './run.ts';
import { parseShard } from './shard.ts';

/**
 * Refuses to run while another run may send the same features. Shards of one division of an SAE run side by side, as do
 * single features under different indices. A run of the whole or of another division overlaps with them, and so may a shard
 * of the same division over another choice of features. To be called once the job's own record is written: of two runs that
 * begin at once, one then sees the other. Error: locked, naming the other job.
 */
export async function refuseOverlap(
  { stateDir, planned }: Pick<JobInput, 'stateDir' | 'planned'>,
  { id, journal }: { readonly id: string; readonly journal: Journal },
): Promise<void> {
  const job = journal.state.job as JobRecord;
  // Only a running job matters, so that the others' journals need not be read.
  const mayRun = (known: KnownJob) => existsSync(lockPath(stateDir, known.id));
  const others = await listJobs(stateDir, (known) => known.id !== id && mayShare(job, known) && mayRun(known));
  const other = others.find((one) => one.state === 'running' && mayOverlap(job, planned, one));
  if (!other) return;
  const { shard, request, model, source } = other.job;
  const what = shard ? `its shard ${shard}` : request ? `its ${request}` : 'the whole of it';
  throw new AppError('locked', `another run is uploading ${model}/${source}: ${what} (job ${other.id})`, {
    hints: [
      'wait until it has ended; only shards with the same total N, or single features (--index), can run side by side',
    ],
  });
}

/** Where a job's rows go. */
export type JobPlace = Pick<JobRecord, 'server' | 'account' | 'model' | 'source' | 'as' | 'request' | 'vector'>;

/**
 * Whether jobs other than `self` have sent any of these rows without an answer, which may still be under way. After a
 * restart, `self` is to be undefined, so that the job's own journal, which was put aside, counts too.
 */
export async function isLostBeside(
  { stateDir, delivery: { identify, format } }: Pick<JobInput, 'stateDir' | 'delivery'>,
  place: JobPlace,
  self: string | undefined,
  rows: Ranges,
): Promise<boolean> {
  const mayMeet = identify ? mayMakeSame : mayShare;
  const others = await listJobs(stateDir, (known) => known.id !== self && mayMeet(place, known));
  if (identify) {
    const ours = new Set(Array.from(eachRow(rows), (row) => keyOf(identify(row))));
    return others.some(({ identities }) => [...identities.values()].some((one) => ours.has(keyOf(one))));
  }
  const indices = indicesOf(rows, format.indexOf);
  return others.some((one) => intersectRanges(indices, indicesOf(one.unknownRows, one.indexOf)).length > 0);
}

const keyOf = ({ label, place, hash }: RowIdentity) => JSON.stringify([label, place, hash]);

/** Returns the indices of rows as features. */
export function indicesOf(rows: Ranges, indexOf: ((row: number) => number) | undefined): Ranges {
  return indexOf ? rangesOf(Array.from(eachRow(rows), indexOf)) : rows;
}

/** Whether the rows of two jobs go to the same place, in the same form. */
export function isSamePlace(a: JobPlace, b: JobPlace): boolean {
  return (['server', 'account', 'model', 'source', 'as'] as const).every((name) => a[name] === b[name]);
}

/** Decides by first lines alone, so that hundreds of journals of vectors at one place need not be read in full. */
function mayShare(place: JobPlace, { job }: KnownJob): boolean {
  return isSamePlace(place, job) && !areApart(place.request, job.request);
}

/** Whether two jobs may make the same vector: whatever else they send with it, and on some servers as a probe, too. */
function mayMakeSame(place: JobPlace, { job }: KnownJob): boolean {
  const isThere = (['server', 'account', 'model'] as const).every((name) => place[name] === job[name]);
  if (!isThere || job.as === 'features' || job.as === 'activations') return false;
  return place.vector === undefined || job.vector === undefined || place.vector === job.vector;
}

function mayOverlap(job: JobRecord, planned: Ranges, other: JobStatus): boolean {
  const isDividedAlike = job.request === other.job.request && partsOf(job) === partsOf(other.job);
  return !isDividedAlike || intersectRanges(planned, other.plan).length > 0;
}

/** Different requests are different features or vectors; equal ones are the same job. */
function areApart(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}

const partsOf = ({ shard = '' }: JobRecord) => parseShard(shard)?.of;
