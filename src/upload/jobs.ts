import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { countRows, intersectRanges, mergeRanges, type Ranges, rangesOf, subtractRanges } from '../tensor/ranges.ts';
import { journalPath, lockPath, readJobRecord, readJournal } from './journal.ts';
import { asidePath } from './journal-aside.ts';
import type { JobRecord } from './journal-records.ts';
import type { JournalState } from './journal-state.ts';
import { isLocked } from './lock.ts';
import { indexInRuns } from './row-runs.ts';

/** How a local job stands, as far as its journal tells. Counts are rows. */
export interface JobStatus {
  readonly id: string;
  readonly job: JobRecord;
  readonly planned: number;
  /** The rows themselves. */
  readonly plan: Ranges;
  readonly confirmed: number;
  /** Batches that its rows were put into, sent or about to be. */
  readonly batches: number;
  /** In batches without an answer: sent or not, the next run finds out. */
  readonly unknown: number;
  /** The rows of these batches, with the label of each where the server names rows itself. */
  readonly unknownRows: Ranges;
  readonly labels: ReadonlyMap<number, string>;
  /** Rows that were left out, and why. */
  readonly quarantined: ReadonlyMap<number, string>;
  /** Where its latest command was typed; undefined for a job of an earlier version. */
  readonly folder?: string;
  /** The index that a row goes by, where rows have indices of their own. */
  readonly indexOf?: (row: number) => number;
  /** Taken back again, and not sent since. */
  readonly deleted: number;
  /** Of those without an answer: rows that were being deleted when that was cut off. */
  readonly deleting: number;
  readonly state: 'done' | 'running' | 'paused' | 'interrupted' | 'deleted';
  /** At which limit it is paused, and when it may go on, where that is known. */
  readonly pause?: { readonly why: string; readonly resumeAt: string | null };
  readonly ids: ReadonlyMap<number, string>;
  /** A line of its journal cannot be read: all of this may be untrue. */
  readonly damaged?: true;
}

const suffix = '.journal';

/** A local job by what it is of, without how far it is. */
export type KnownJob = Pick<JobStatus, 'id' | 'job'>;

/** The jobs of a state folder by what their journals say first: to read all that they say may take seconds. */
export async function knownJobs(stateDir: string): Promise<KnownJob[]> {
  const known: KnownJob[] = [];
  for (const id of await jobIds(stateDir)) {
    const job = await readJobRecord(journalPath(stateDir, id));
    if (job) known.push({ id, job });
  }
  return known;
}

/** Journals that do not even say whose they are: more than the first line that a run was about to write when it was killed. */
export async function unreadableJobs(stateDir: string): Promise<string[]> {
  const unreadable: string[] = [];
  for (const id of await jobIds(stateDir)) if (await isUnreadable(stateDir, id)) unreadable.push(id);
  return unreadable;
}

/** Whether there is a journal of that id which does not say whose it is. */
export async function isUnreadable(stateDir: string, id: string): Promise<boolean> {
  const path = journalPath(stateDir, id);
  return !(await readJobRecord(path)) && (await readJournal(path))?.damaged === true;
}

/** The jobs of a state folder that are meant, the latest begun last. Journals that cannot be read are left out. */
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

/** The ids of all jobs that have a journal, or one that was put aside. */
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

/** One job by its id; undefined where there is none. */
export async function readJob(stateDir: string, id: string): Promise<JobStatus | undefined> {
  const path = journalPath(stateDir, id);
  const journal = await readJournal(path);
  if (!journal?.state.job) return undefined;
  const running = await isLocked(lockPath(stateDir, id));
  const status = statusOf(journal.state, journal.state.job, running);
  // What is left of it is not believed by the next run either.
  return { id, ...status, ...(journal.damaged && { damaged: true, state: running ? 'running' : 'interrupted' }) };
}

function statusOf(journal: JournalState, job: JobRecord, running: boolean): Omit<JobStatus, 'id'> {
  const { planned, stored, unknown, ids, quarantined, done, deleted, deleting, paused } = journal;
  const { indices } = journal.data ?? {};
  const unknownRows = mergeRanges(unknown.flatMap((intent) => intent.rows));
  const labels = unknown.flatMap(({ rows, identity }) =>
    identity && rows[0] ? [[rows[0][0], identity.label] as const] : [],
  );
  const taken = countRows(subtractRanges(deleted, deleting));
  const isDeleted = taken > 0 && countRows(deleting) + countRows(stored) + unknown.length === 0;
  // Of a finished job somebody may have taken a part back, and a run over a part of a job may have finished that alone.
  const settled = mergeRanges([...stored, ...deleted, ...rangesOf(quarantined.keys())]);
  const isOpen = unknown.length > 0 || deleting.length > 0;
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
    labels: new Map(labels),
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
