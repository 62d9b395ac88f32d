import { AppError } from '../errors.ts';
import { isUnreadable, knownJobs } from './jobs.ts';
import { type Journal, journalPath, lockPath, openJournal, readJournal, removeJournal } from './journal.ts';
import { openAside } from './journal-aside.ts';
import type { JobRecord } from './journal-records.ts';
import type { JournalState } from './journal-state.ts';
import { takeLock } from './lock.ts';
import { rowsAmong } from './row-ids.ts';
import type { Server } from './server.ts';

/** A job that no other run can work on until it is closed. */
export interface HeldJob {
  readonly id: string;
  readonly job: JobRecord;
  readonly journal: Journal;
  /** Removes its journal, unless another run has taken the job. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

export interface HoldOptions {
  readonly stateDir: string;
  readonly forceUnlock: boolean;
}

/** Takes a job's lock and opens its journal. Errors: locked, not_found, checkpoint_damaged. */
export async function holdJob(id: string, { stateDir, forceUnlock }: HoldOptions): Promise<HeldJob> {
  const path = journalPath(stateDir, id);
  const found = isJobId(id) ? await readJournal(path) : undefined;
  if (!found?.state.job) throw await missingJob(stateDir, id);
  if (found.damaged) throw damagedJob(id);
  const lock = await takeLock(lockPath(stateDir, id), { force: forceUnlock });
  let journal: Journal | undefined;
  const close = async () => {
    try {
      await journal?.close();
    } finally {
      await lock.release();
    }
  };
  try {
    await openAside(path, false);
    journal = await openJournal(path, lock);
    const { job } = journal.state;
    if (!job) throw noSuchJob(id);
    const forget = async () => {
      if (lock.isOurs()) await removeJournal(path);
    };
    return { id, job, journal, forget, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Reads a job's journal without taking its lock; undefined if there is no such job. */
export async function readJobState(stateDir: string, id: string): Promise<JournalState | undefined> {
  if (!isJobId(id)) return undefined;
  const state = (await readJournal(journalPath(stateDir, id)))?.state;
  return state?.job && state;
}

/** Whether a text is a job's id. Anything else may be a path out of the state folder. */
const isJobId = (text: string) => /^[0-9a-f]{16}$/.test(text);

function damagedJob(id: string): AppError {
  return new AppError('checkpoint_damaged', `the checkpoint of job ${id} is damaged and cannot be relied on`, {
    hints: [
      'run the same upload again: it sets the damaged checkpoint aside, looks up what the server has, and starts a new one',
    ],
  });
}

/** The error for a job without a journal, or with one that cannot be read. */
export async function missingJob(stateDir: string, id: string): Promise<AppError> {
  return (await isUnreadable(stateDir, id)) ? damagedJob(id) : noSuchJob(id);
}

/** The error for a job that does not exist on this machine. */
export function noSuchJob(id: string): AppError {
  // Text longer than any id may be a pasted API key, so it is not repeated.
  return new AppError('not_found', id.length > 20 ? 'no local job of that name' : `no local job "${id}"`, {
    hints: ['neuronpedia status lists the jobs; a feature is named model/source/index'],
  });
}

/** Holds every other local job of this server and account that has any of these rows. Errors: those of `holdJob`. */
export async function holdJobsOf(
  ids: ReadonlySet<string>,
  server: Server,
  except: string | undefined,
  options: HoldOptions,
): Promise<HeldJob[]> {
  const held: HeldJob[] = [];
  const sources = new Set([...ids].map((id) => id.slice(0, id.lastIndexOf('/'))));
  try {
    for (const { id, job } of await knownJobs(options.stateDir)) {
      if (id === except || job.server !== server.id || job.account !== server.account.id) continue;
      if (job.as === 'features' && !sources.has(`${job.model}/${job.source}`)) continue;
      const state = await readJobState(options.stateDir, id);
      if (state && rowsAmong(job, state, ids).length > 0) held.push(await holdJob(id, options));
    }
    return held;
  } catch (error) {
    for (const one of held) await one.close();
    throw error;
  }
}
