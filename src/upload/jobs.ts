import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, toAppError } from '../errors.ts';
import { countRows, intersectRanges, mergeRanges, type Ranges, rangesOf, subtractRanges } from '../tensor/ranges.ts';
import type { RowIdentity } from './delivery.ts';
import { journalPath, lockPath, readJobRecord, readJournal } from './journal.ts';
import { asidePath } from './journal-aside.ts';
import type { JobRecord } from './journal-records.ts';
import { type JournalState, unansweredRows } from './journal-state.ts';
import { isLocked } from './lock.ts';
import { indexInRuns } from './row-runs.ts';

/** How a local job stands, as far as its journal tells. Counts are rows unless noted. */
export interface JobStatus {
  readonly id: string;
  readonly job: JobRecord;
  readonly planned: number;
  /** The rows themselves. */
  readonly plan: Ranges;
  readonly confirmed: number;
  /** Number of batches that its rows were put into so far, whether sent or not yet. */
  readonly batches: number;
  /** Rows of which the next run has to find out whether they are there: in unanswered batches or a cut-off deletion. */
  readonly unknown: number;
  /** The rows of unanswered batches. `identities` tells what each can be recognised by if the server names rows itself. */
  readonly unknownRows: Ranges;
  readonly identities: ReadonlyMap<number, RowIdentity>;
  /** Rows that were left out, and why. */
  readonly quarantined: ReadonlyMap<number, string>;
  /** Folder in which its latest command was typed; undefined for a job of an earlier version. */
  readonly folder?: string;
  /** Returns a row's index; absent if that is the row number. */
  readonly indexOf?: (row: number) => number;
  /** Rows that were deleted and not planned again since. */
  readonly deleted: number;
  /** Those of `unknown` that were being deleted when that was cut off. */
  readonly deleting: number;
  readonly state: 'done' | 'running' | 'paused' | 'interrupted' | 'deleted';
  /** At which limit it is paused, and when it may go on, if that is known. */
  readonly pause?: { readonly why: string; readonly resumeAt: string | null };
  readonly ids: ReadonlyMap<number, string>;
  /** A line of its journal cannot be read, so all of this may be untrue. */
  readonly damaged?: true;
}

const suffix = '.journal';

/** A local job: what it uploads, without its progress. */
export type KnownJob = Pick<JobStatus, 'id' | 'job'>;

/** Lists the jobs of a state folder by the first lines of their journals: reading all of them in full may take seconds. */
export async function knownJobs(stateDir: string): Promise<KnownJob[]> {
  const known: KnownJob[] = [];
  for (const id of await jobIds(stateDir)) {
    const job = await recordOf(journalPath(stateDir, id));
    if (job) known.push({ id, job });
  }
  return known;
}

/** First lines of journals read so far, by path: each SAE of a sweep asks for those of all jobs. They never change. */
const firstLines = new Map<string, { readonly file: string; readonly job: JobRecord }>();

async function recordOf(path: string): Promise<JobRecord | undefined> {
  const file = fileAt(path);
  const before = firstLines.get(path);
  if (file !== undefined && before?.file === file) return before.job;
  const job = await readJobRecord(path);
  if (file !== undefined && job) firstLines.set(path, { file, job });
  return job;
}

/** Returns what tells a file from another of its name; undefined if there is none. */
function fileAt(path: string): string | undefined {
  try {
    const { ino, birthtimeMs } = statSync(path);
    return `${ino} ${birthtimeMs}`;
  } catch {
    return undefined;
  }
}

/**
 * Lists jobs whose journal does not say what it is of, because it is damaged or for the `reason` that the system gives. A
 * first line cut off by a killed run does not count.
 */
export async function unreadableJobs(stateDir: string): Promise<{ id: string; reason?: string }[]> {
  const unreadable: { id: string; reason?: string }[] = [];
  for (const id of await jobIds(stateDir)) {
    const job = await isUnreadable(stateDir, id).then(
      (is) => is && { id },
      (error) => ({ id, reason: toAppError(error).message }),
    );
    if (job) unreadable.push(job);
  }
  return unreadable;
}

/** Whether that job's journal is too damaged to say what it is of. Error: checkpoint_damaged if it cannot be read. */
export async function isUnreadable(stateDir: string, id: string): Promise<boolean> {
  const path = journalPath(stateDir, id);
  return !(await readJobRecord(path)) && (await readJournal(path))?.damaged === true;
}

/** Lists the jobs of a state folder that `isMeant` accepts, the latest begun last. Leaves out unreadable journals. */
export async function listJobs(
  stateDir: string,
  isMeant: (known: KnownJob) => boolean = () => true,
): Promise<JobStatus[]> {
  const jobs: JobStatus[] = [];
  for (const known of await knownJobs(stateDir)) {
    const status = isMeant(known) ? await readJob(stateDir, known.id) : undefined;
    if (status) jobs.push(status);
  }
  return jobs.sort((a, b) => (a.job.createdAt < b.job.createdAt ? -1 : Number(a.job.createdAt > b.job.createdAt)));
}

/** Returns the ids of all jobs that have a journal, or one that was put aside. */
export async function jobIds(stateDir: string): Promise<string[]> {
  const folder = join(stateDir, 'jobs');
  const names = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw new AppError('checkpoint_damaged', `${folder}: the checkpoints cannot be read (${cause.code})`, {
      hints: ['the folder that they are in is chosen with NEURONPEDIA_STATE_DIR'],
      cause,
    });
  });
  const ids = [suffix, asidePath(suffix)].flatMap((ending) =>
    names.filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length)),
  );
  return [...new Set(ids)].sort();
}

/** Reads one job by its id; undefined if there is none. */
export async function readJob(stateDir: string, id: string): Promise<JobStatus | undefined> {
  const path = journalPath(stateDir, id);
  const journal = await readJournal(path);
  if (!journal?.state.job) return undefined;
  const running = await isLocked(lockPath(stateDir, id));
  const status = statusOf(journal.state, journal.state.job, running);
  // The next run will not trust what is left of a damaged journal either.
  return { id, ...status, ...(journal.damaged && { damaged: true, state: running ? 'running' : 'interrupted' }) };
}

function statusOf(journal: JournalState, job: JobRecord, running: boolean): Omit<JobStatus, 'id'> {
  const { planned, stored, unknown, ids, quarantined, done, deleted, deleting, paused } = journal;
  const { indices } = journal.data ?? {};
  const unknownRows = unansweredRows(journal);
  const identities = unknown.flatMap(({ rows, identity }) =>
    identity && rows[0] ? [[rows[0][0], identity] as const] : [],
  );
  const taken = countRows(subtractRanges(deleted, deleting));
  const isDeleted = taken > 0 && countRows(deleting) + countRows(stored) + countRows(unknownRows) === 0;
  // `done` is not enough: rows may have been deleted since, or the last run may have covered only part of the job.
  const settled = mergeRanges([...stored, ...deleted, ...rangesOf(quarantined.keys())]);
  const isOpen = unknownRows.length > 0 || deleting.length > 0;
  const isOver = (done || taken > 0) && !isOpen && subtractRanges(planned, settled).length === 0;
  const ended = isDeleted ? 'deleted' : isOver ? 'done' : paused ? 'paused' : 'interrupted';
  const state = running ? 'running' : ended;
  return {
    job,
    planned: countRows(planned),
    plan: planned,
    confirmed: countRows(intersectRanges(planned, stored)),
    batches: journal.nextBatch,
    unknown: countRows(mergeRanges([...deleting, ...unknownRows])),
    unknownRows,
    identities: new Map(identities),
    quarantined,
    ...(journal.typed && { folder: journal.typed.folder }),
    ...(indices && { indexOf: (row: number) => indexInRuns(indices, row) }),
    deleted: taken,
    deleting: countRows(deleting),
    state,
    ...(state === 'paused' && paused && { pause: { why: paused.why, resumeAt: paused.resumeAt } }),
    ids,
  };
}
