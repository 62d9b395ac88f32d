import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { constants, copyFile, link, unlink, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../errors.ts';
import { writeHint } from '../file-fault.ts';
import { makeFolder } from '../make-folder.ts';
import { describeSelf, heartbeatMs, heldHere, isAlive, type Owner, quietMs, readOwner } from './lock-owner.ts';
import { renameFile } from './rename-file.ts';

/** Held while a run works on a job, so that no other run does. */
export interface Lock {
  /** Whether it replaced the lock of another run, which seemed dead or was overridden by force. */
  readonly takenOver: boolean;
  /** Throws `locked` once another run has taken the lock. Call it before each send. */
  stillOurs(): Promise<void>;
  /** Whether no other run has taken the lock, always read anew. Call it before replacing or removing files of the job. */
  isOurs(): boolean;
  release(): Promise<void>;
}

export interface LockOptions {
  /** Takes the lock even from a live owner. */
  readonly force?: boolean;
  /** What is locked, for errors (default: this job). */
  readonly what?: string;
  /** How long to listen for heartbeats of an owner whose process cannot be seen. */
  readonly listenMs?: number;
}

/**
 * Takes a job's lock. Takes it over if its owner is dead (same host) or has given no heartbeat for a minute (another host).
 * Errors: locked, naming the owner, and checkpoint_damaged if the lock cannot be written.
 */
export async function takeLock(
  path: string,
  { force, what = 'this job', listenMs = quietMs }: LockOptions = {},
): Promise<Lock> {
  try {
    makeFolder(dirname(path));
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
  const me = describeSelf();
  for (let attempt = 0; attempt < 5; attempt++) {
    if (await createLock(path, me)) return heldLock(path, me, attempt > 0);
    const owner = await readOwner(path);
    if (owner && !force && (await isAlive(path, owner, me, listenMs))) throw lockedError(path, what, owner);
    await breakLock(path, owner);
  }
  throw new AppError('locked', `${path}: another run keeps taking the lock of ${what}`);
}

/** Whether some run holds this lock now. */
export async function isLocked(path: string): Promise<boolean> {
  const owner = await readOwner(path);
  return owner !== undefined && (await isAlive(path, owner, describeSelf(), 0));
}

/** Creates a lock together with its content: a lock that is empty for a moment would look like nobody's. */
async function createLock(path: string, me: Owner): Promise<boolean> {
  const draft = `${path}.${me.id}`;
  // Registered before the lock can be seen: another job of this process would take it for one left behind.
  heldHere.add(me.id);
  try {
    await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
    await placeExclusively(draft, path);
    return true;
  } catch (error) {
    heldHere.delete(me.id);
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cannotWrite(path, error);
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

/** Links a file under a second name, or copies it if the file system has no links. Throws EEXIST if the name is taken. */
async function placeExclusively(from: string, to: string): Promise<void> {
  await link(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw error;
    return copyFile(from, to, constants.COPYFILE_EXCL);
  });
}

/**
 * Removes a stale lock. If two runs do so at once, the slower one moves away the new lock of the faster one, notices that
 * and puts it back.
 */
async function breakLock(path: string, stale: Owner | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await renameFile(path, aside).catch(() => undefined);
  if ((await readOwner(aside))?.id !== stale?.id) await placeExclusively(aside, path).catch(() => undefined);
  await unlink(aside).catch(() => undefined);
}

function heldLock(path: string, me: Owner, takenOver: boolean): Lock {
  const mark = JSON.stringify(me);
  const beat = setInterval(async () => {
    // Once another run has taken it, a beat of ours would make that run look alive for ever.
    if ((await readOwner(path))?.id !== me.id) return;
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, heartbeatMs);
  beat.unref();
  let seenAt = Number.NEGATIVE_INFINITY;
  return {
    takenOver,
    async stillOurs() {
      const since = Date.now() - seenAt;
      if (since >= 0 && since < lookMs) return;
      if (!isMarkedWith(path, mark)) throw lostError(path, await readOwner(path));
      seenAt = Date.now();
    },
    isOurs: () => isMarkedWith(path, mark),
    async release() {
      clearInterval(beat);
      heldHere.delete(me.id);
      if ((await readOwner(path))?.id === me.id) await unlink(path).catch(() => undefined);
    },
  };
}

/**
 * How long a look at the lock counts: a request sent in that time might as well have been sent at the look itself. Measured
 * by the wall clock, which keeps running while this process or the machine is suspended.
 */
const lookMs = 10;

/**
 * Whether a lock still holds our mark. Reads synchronously: for so few bytes that is faster than using another thread.
 * A lock that cannot be read for a moment, for example because a virus scanner has it open, still counts as ours.
 */
function isMarkedWith(path: string, mark: string): boolean {
  try {
    return readFileSync(path, 'utf8') === mark;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

/** The error of a run that was taken for dead: it was suspended for a while, or somebody overrode its lock. */
function lostError(path: string, owner: Owner | undefined): AppError {
  const by = owner ? `pid ${owner.pid} on ${owner.host} has taken it over` : 'its lock file is gone';
  return new AppError('locked', `this run no longer holds its job: ${by}; nothing more was sent`, {
    hints: ['let the other run end; then run the same command again'],
    details: { lock: path },
  });
}

function cannotWrite(path: string, cause: unknown): AppError {
  return new AppError('checkpoint_damaged', `${path}: the lock cannot be written (${(cause as Error).message})`, {
    hints: [writeHint(cause, 'choose another folder with NEURONPEDIA_STATE_DIR')],
    cause,
  });
}

function lockedError(path: string, what: string, owner: Owner): AppError {
  return new AppError('locked', `another run holds ${what}: pid ${owner.pid} on ${owner.host}, since ${owner.since}`, {
    hints: ['wait for it to end; if you are sure that it is gone, run again with --force-unlock'],
    details: { lock: path, pid: owner.pid, host: owner.host, since: owner.since },
  });
}
