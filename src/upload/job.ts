import { AppError } from '../errors.ts';
import { present } from '../present.ts';
import { subtractRanges } from '../tensor/ranges.ts';
import { jobId, lockJob } from './job-lock.ts';
import { listJobs } from './jobs.ts';
import { refuseOverlap } from './jobs-beside.ts';
import { type Journal, journalPath, openJournal, readJournal, removeJournal } from './journal.ts';
import { type Aside, openAside } from './journal-aside.ts';
import type { JobRecord } from './journal-records.ts';
import type { JournalState } from './journal-state.ts';
import type { Lock } from './lock.ts';
import type { JobIdentity, JobInput } from './run.ts';
import type { Server } from './server.ts';
import { formatShard } from './shard.ts';

/** An open job: its journal, and the lock that keeps other runs out. */
export interface Job {
  readonly id: string;
  readonly journal: Journal;
  /** Whether a restart has set an earlier journal aside; it stays there until this one is `begun`. */
  readonly isAside: boolean;
  /** What that earlier journal says, if it can be trusted. */
  readonly earlier: JournalState | undefined;
  /** To be called when the look-up before the first send has succeeded: the earlier journal is removed. */
  begun(): Promise<void>;
  /**
   * Closes the job. If it was not begun, an earlier journal is put back. A job that ended with `nothing`, or was `refused`
   * before it had begun, does not keep its own journal.
   */
  close(end: JobEnd): Promise<void>;
}

/** How a job ended: its journal is `kept`, the run was `refused`, or the server has `nothing` of it. */
export type JobEnd = 'kept' | 'refused' | 'nothing';

/**
 * Refuses to begin an upload again that is unfinished on another server behind the same address, or with another account.
 * Error: checkpoint_mismatch with both values.
 */
export async function refuseOtherOwner(server: Server, identity: JobIdentity, stateDir: string): Promise<void> {
  // A single feature (`index N`) is a job of its own, whoever began others of its source.
  if (identity.request !== undefined) return;
  const id = jobId(server, identity);
  const others = await listJobs(stateDir, ({ job }) => {
    const same = job.model === identity.model && job.source === identity.source;
    const samePart = job.shard === (identity.shard && formatShard(identity.shard));
    return same && samePart && job.as === identity.as;
  });
  // Only now is it known at which address the server of each was last seen.
  const here = others.filter(({ job }) => job.serverName === server.name);
  const open = here.filter(({ state }) => state !== 'done' && state !== 'deleted');
  const other = open.find(({ job }) => job.server !== server.id || job.account !== server.account.id);
  if (!other || open.some((job) => job.id === id)) return;
  const { job } = other;
  const [expected, found] =
    job.server === server.id
      ? [`account ${job.accountName} (${job.account})`, `account ${server.account.name} (${server.account.id})`]
      : [`server ${job.server}`, `server ${server.id}`];
  throw new AppError(
    'checkpoint_mismatch',
    `the unfinished upload to ${identity.model}/${identity.source} at ${server.name} was started with ${expected}, but this run uses ${found}`,
    {
      hints: [`continue it the way it was started, or start over with --restart (job ${other.id})`],
      details: { expected, found, job: other.id },
    },
  );
}

/** Opens or begins a job. Errors: locked, checkpoint_mismatch, checkpoint_damaged. */
export async function openJob(input: JobInput): Promise<Job> {
  const { server, identity, stateDir, restart } = input;
  const id = jobId(server, identity);
  const path = journalPath(stateDir, id);
  const lock = await lockJob(id, input);
  input.onStage?.('locked');
  let journal: Journal | undefined;
  let aside: Aside | undefined;
  let wasThere = false;
  try {
    aside = await openAside(path, restart);
    journal = await openJournal(path, lock);
    wasThere = journal.state.job !== undefined;
    await beginJob(journal, input);
    await refuseOverlap(input, { id, journal });
    const before = aside.isThere ? await readJournal(path) : undefined;
    const earlier = before?.damaged ? undefined : before?.state;
    return asJob(id, { journal, aside, lock, earlier });
  } catch (error) {
    const undo = async () => {
      await journal?.close();
      // A job that was refused before it began leaves no journal.
      if (lock.isOurs() && journal && !wasThere) await removeJournal(path);
      if (lock.isOurs()) await aside?.putBack();
    };
    // The first error is the one to report.
    await undo().catch(() => undefined);
    await lock.release();
    throw error;
  }
}

interface Opened extends Pick<Job, 'journal' | 'earlier'> {
  readonly aside: Aside;
  readonly lock: Lock;
}

function asJob(id: string, { journal, aside, lock, earlier }: Opened): Job {
  let isBegun = journal.state.planned.length > 0;
  return {
    id,
    journal,
    isAside: aside.isThere,
    earlier,
    async begun() {
      isBegun = true;
      await aside.forget();
    },
    async close(end) {
      try {
        await journal.close();
        // If another run has taken the job, the journal there may be its own by now.
        if (lock.isOurs()) {
          if (end === 'nothing' || (end === 'refused' && !isBegun)) await removeJournal(journal.path);
          if (!isBegun) await aside.putBack();
        }
      } finally {
        await lock.release();
      }
    },
  };
}

/**
 * Notes a command of a job: its rows are finished with it, and read again with it. A command that names only a part of the
 * rows already planned (`--features`) is not noted.
 */
export async function noteTyped(journal: Journal, { typed, command, planned }: JobInput): Promise<void> {
  if (!typed) return;
  const { noted, job, planned: before } = journal.state;
  const isNoted = JSON.stringify([noted?.words, noted?.folder]) === JSON.stringify([typed.words, typed.folder]);
  if (isNoted && (noted?.command ?? job?.command) === command) return;
  // A smaller choice of rows made otherwise, or another file, defines the upload from now on.
  const [others, added] = [subtractRanges(before, planned), subtractRanges(planned, before)];
  if (typed.isPart && others.length > 0 && added.length === 0) return;
  await journal.append({ t: 'typed', words: [...typed.words], folder: typed.folder, command });
}

/** Records another address. What the journal ends with holds all the same: a finished job stays finished. */
async function noteAddress(journal: Journal, job: JobRecord, serverName: string): Promise<void> {
  const { done, paused } = journal.state;
  const at = new Date().toISOString();
  await journal.append(
    { ...job, serverName },
    ...(done ? [{ t: 'done' as const, at }] : []),
    ...(paused ? [paused] : []),
  );
}

async function beginJob(journal: Journal, { server, identity, title, command }: JobInput): Promise<void> {
  const { job } = journal.state;
  if (job) {
    if (job.serverKind === server.capabilities.kind) {
      // The same server may have another address by now.
      if (job.serverName !== server.name) await noteAddress(journal, job, server.name);
      return;
    }
    throw new AppError(
      'checkpoint_mismatch',
      `this job was started on a server of kind ${job.serverKind}, but the server is now of kind ${server.capabilities.kind}`,
      {
        hints: ['--restart forgets the checkpoint; rows already on the server are still found and not sent again'],
        details: { found: server.capabilities.kind, expected: job.serverKind },
      },
    );
  }
  await journal.append({
    t: 'job',
    version: 1,
    server: server.id,
    serverKind: server.capabilities.kind,
    serverName: server.name,
    account: server.account.id,
    accountName: server.account.name,
    model: identity.model,
    source: identity.source,
    as: identity.as,
    ...(identity.shard && { shard: formatShard(identity.shard) }),
    ...present({ request: identity.request, vector: identity.vector }),
    title,
    command,
    createdAt: new Date().toISOString(),
  });
}
