import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { constants, copyFile, link, unlink, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { describeSelf, heartbeatMs, heldHere, isAlive, type Owner, quietMs, readOwner } from './lock-owner.ts';
import { renameFile } from './rename-file.ts';

/** Held while a run works on a job, so that no two runs do. */
export interface Lock {
  /** It was another run's, dead as far as could be told, or was broken by force. */
  readonly takenOver: boolean;
  /** Throws `locked` once another run has taken it; to be asked before each send. */
  stillOurs(): Promise<void>;
  /** The same, looked at anew: before what another run's files would be lost by. */
  isOurs(): boolean;
  release(): Promise<void>;
}

export interface LockOptions {
  /** Takes it whoever has it. */
  readonly force?: boolean;
  /** How long to listen for the heart of an owner whose process cannot be seen. */
  readonly listenMs?: number;
}

/**
 * Takes a job's lock. A lock whose owner is dead (same host), or has not been heard of for a minute (another host), is
 * taken over. Errors: locked, naming the owner.
 */
export async function takeLock(path: string, { force, listenMs = quietMs }: LockOptions = {}): Promise<Lock> {
  try {
    makeFolder(dirname(path));
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
  const me = describeSelf();
  for (let attempt = 0; attempt < 5; attempt++) {
    if (await createLock(path, me)) return heldLock(path, me, attempt > 0);
    const owner = await readOwner(path);
    if (owner && !force && (await isAlive(path, owner, me, listenMs))) throw lockedError(path, owner);
    await breakLock(path, owner);
  }
  throw new AppError('locked', `${path}: another run keeps taking this job's lock`);
}

/** Whether some run holds this lock now. */
export async function isLocked(path: string): Promise<boolean> {
  const owner = await readOwner(path);
  return owner !== undefined && (await isAlive(path, owner, describeSelf(), 0));
}

/** A lock appears with its owner's name in it: one that were empty for a moment would look like nobody's. */
async function createLock(path: string, me: Owner): Promise<boolean> {
  const draft = `${path}.${me.id}`;
  // Known as ours before it can be seen: to another job of this process it would look like one left behind.
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

/** Gives a file a second name unless that is taken (EEXIST); a copy where the file system knows no links. */
async function placeExclusively(from: string, to: string): Promise<void> {
  await link(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') throw error;
    return copyFile(from, to, constants.COPYFILE_EXCL);
  });
}

/**
 * Takes a stale lock away. Of two runs that do so at once the slower finds another lock under the name, the faster
 * one's new one, and puts it back.
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
 * A look at the lock counts for so long: what is sent meanwhile is as good as under way when it was looked at. By the wall
 * clock, which goes on while this process or the machine stands still.
 */
const lookMs = 10;

/**
 * Reading so few bytes takes less than handing that to another thread. One that cannot be read for a moment, as where a virus
 * scanner has it, is nobody else's for that.
 */
function isMarkedWith(path: string, mark: string): boolean {
  try {
    return readFileSync(path, 'utf8') === mark;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

/** This run was taken for dead: it was stopped for a while, or somebody knew better. */
function lostError(path: string, owner: Owner | undefined): AppError {
  const by = owner ? `pid ${owner.pid} on ${owner.host} has it now` : 'its lock is gone';
  return new AppError('locked', `this run has lost its job: ${by}; nothing more was sent`, {
    hints: ['let the other run end; then run the same command again'],
    details: { lock: path },
  });
}

function cannotWrite(path: string, cause: unknown): AppError {
  return new AppError('checkpoint_damaged', `${path}: the lock cannot be written (${(cause as Error).message})`, {
    hints: ['make the state folder writable, or choose another with NEURONPEDIA_STATE_DIR'],
    cause,
  });
}

function lockedError(path: string, owner: Owner): AppError {
  return new AppError('locked', `another run holds this job: pid ${owner.pid} on ${owner.host}, since ${owner.since}`, {
    hints: ['wait for it to end; if you are sure that it is gone, run again with --force-unlock'],
    details: { lock: path, pid: owner.pid, host: owner.host, since: owner.since },
  });
}
