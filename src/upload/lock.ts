import { randomUUID } from 'node:crypto';
import { constants, copyFile, link, mkdir, readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { processStart } from './process-start.ts';

/** Held while a run works on a job, so that no two runs do. */
export interface Lock {
  release(): Promise<void>;
}

const ownerSchema = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.number(),
  /** When that process started, as the operating system counts it: a pid alone may since be another's. */
  start: z.string(),
  since: z.string(),
});

type Owner = z.infer<typeof ownerSchema>;

const heartbeatMs = 10_000;
/** A lock from another host is believed this long after its last heartbeat. */
const staleMs = 60_000;

/**
 * Takes a job's lock. A lock whose owner is dead (same host), or has not been heard of for a minute (another host), is
 * taken over. Errors: locked, naming the owner.
 */
export async function takeLock(path: string, options: { force?: boolean } = {}): Promise<Lock> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const me = await describeSelf();
  for (let attempt = 0; attempt < 5; attempt++) {
    if (await createLock(path, me)) return heldLock(path, me);
    const owner = await readOwner(path);
    if (owner && !options.force && (await isAlive(path, owner, me))) throw lockedError(path, owner);
    await breakLock(path, owner);
  }
  throw new AppError('locked', `${path}: another run keeps taking this job's lock`);
}

/** Whether some run holds this lock now. */
export async function isLocked(path: string): Promise<boolean> {
  const owner = await readOwner(path);
  return owner !== undefined && (await isAlive(path, owner, await describeSelf()));
}

async function describeSelf(): Promise<Owner> {
  const pid = process.pid;
  return {
    id: randomUUID(),
    host: hostname(),
    pid,
    start: (await processStart(pid)) ?? '',
    since: new Date().toISOString(),
  };
}

/** A lock appears with its owner's name in it: one that were empty for a moment would look like nobody's. */
async function createLock(path: string, me: Owner): Promise<boolean> {
  const draft = `${path}.${me.id}`;
  try {
    await writeFile(draft, JSON.stringify(me), { mode: 0o600 });
    await placeExclusively(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new AppError('checkpoint_damaged', `${path}: the lock cannot be written (${(error as Error).message})`, {
      hints: ['make the state folder writable, or choose another with NEURONPEDIA_STATE_DIR'],
      cause: error,
    });
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

/** Undefined where there is none; an unreadable one (its writer died in between) counts as owned by nobody. */
async function readOwner(path: string): Promise<Owner | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

async function isAlive(path: string, owner: Owner, me: Owner): Promise<boolean> {
  if (owner.host !== me.host) return (await ageMs(path)) < staleMs;
  // In a container every run is pid 1: the same pid as mine is a run before me, unless the start says otherwise.
  if (owner.pid === me.pid && owner.start === me.start) return owner.id === me.id || heldHere.has(owner.id);
  const start = await processStart(owner.pid);
  return start !== undefined && (owner.start === '' || start === owner.start);
}

/** Locks that this very process holds: a library may run two jobs at once. */
const heldHere = new Set<string>();

async function ageMs(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found ? Date.now() - found.mtimeMs : Number.POSITIVE_INFINITY;
}

/**
 * Takes a stale lock away. Of two runs that do so at once the slower finds another lock under the name, the faster
 * one's new one, and puts it back.
 */
async function breakLock(path: string, stale: Owner | undefined): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).catch(() => undefined);
  if ((await readOwner(aside))?.id !== stale?.id) await placeExclusively(aside, path).catch(() => undefined);
  await unlink(aside).catch(() => undefined);
}

function heldLock(path: string, me: Owner): Lock {
  heldHere.add(me.id);
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, heartbeatMs);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      heldHere.delete(me.id);
      if ((await readOwner(path))?.id === me.id) await unlink(path).catch(() => undefined);
    },
  };
}

function lockedError(path: string, owner: Owner): AppError {
  return new AppError('locked', `another run holds this job: pid ${owner.pid} on ${owner.host}, since ${owner.since}`, {
    hints: ['wait for it to end; if you are sure that it is gone, run again with --force-unlock'],
    details: { lock: path, pid: owner.pid, host: owner.host, since: owner.since },
  });
}
