import { randomUUID } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { elapsedMs } from '../elapsed.ts';
import * as z from '../schema.ts';
import { processSpace, processStart } from './process-start.ts';

const ownerSchema = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.number(),
  /** When that process started, as the operating system counts it: a pid alone may since be another's. */
  start: z.string(),
  /** Among whose processes its pid counts: those of another container cannot be seen. */
  space: z.optional(z.string()),
  since: z.string(),
});

/** Who holds a lock: the lock's content, as JSON. */
export type Owner = z.infer<typeof ownerSchema>;

/** How often an owner gives a sign of life: the time at which its lock was last changed. */
export const heartbeatMs = 2_000;
/** A lock from another host is believed this long after its last heartbeat: network file systems tell of it late. */
const staleMs = 60_000;
/** A heart has stopped once it was not heard for three beats. */
export const quietMs = 3 * heartbeatMs;

/** This process, as the owner of a lock of its own. */
export function describeSelf(): Owner {
  const pid = process.pid;
  const space = processSpace();
  return {
    id: randomUUID(),
    host: hostname(),
    pid,
    start: processStart(pid) ?? '',
    ...(space !== undefined && { space }),
    since: new Date().toISOString(),
  };
}

/** Undefined where there is none; an unreadable one (its writer died in between) counts as owned by nobody. */
export async function readOwner(path: string): Promise<Owner | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Whether the owner of a lock lives, as far as can be told. Where its process cannot be seen, `listenMs` is how long to
 * listen for its heart: the time of its last beat alone is no proof of death, for clocks are set, and those of two hosts
 * differ. With 0 it has to do.
 */
export async function isAlive(path: string, owner: Owner, me: Owner, listenMs: number): Promise<boolean> {
  if (owner.host !== me.host) return (await beatWithin(path, staleMs)) || keepsBeating(path, listenMs);
  // In a container every run is pid 1: the same pid as mine is a run before me, unless the start says otherwise.
  if (owner.pid === me.pid && owner.start === me.start) return owner.id === me.id || heldHere.has(owner.id);
  if (owner.space !== undefined && me.space !== undefined && owner.space !== me.space) {
    return hasHeartbeat(path, listenMs);
  }
  const start = processStart(owner.pid);
  if (start === undefined || (owner.start !== '' && start !== owner.start)) return false;
  // Without /proc a living process of that number may be another: then only the heart tells, which a process that is stopped, or
  // whose disk is, has not for a while.
  return owner.start !== '' || (await beatWithin(path, staleMs)) || hasHeartbeat(path, listenMs);
}

/** Listened for, or with 0 only looked at. */
function hasHeartbeat(path: string, listenMs: number): Promise<boolean> {
  return listenMs > 0 ? keepsBeating(path, listenMs) : beatWithin(path, quietMs);
}

/** Listens for another heartbeat. */
async function keepsBeating(path: string, listenMs: number): Promise<boolean> {
  const first = await beatAt(path);
  const since = elapsedMs();
  while (first !== undefined && elapsedMs() - since < listenMs) {
    await sleep(listenMs / 24);
    const last = await beatAt(path);
    if (last !== first) return last !== undefined;
  }
  return false;
}

/** Locks that this very process holds: a library may run two jobs at once. */
export const heldHere = new Set<string>();

/** When a lock's owner last gave a sign of life, in milliseconds since 1970; undefined where there is no lock. */
async function beatAt(path: string): Promise<number | undefined> {
  // Opened, because network file systems answer a mere look out of their memory.
  const file = await open(path, 'r').catch(() => undefined);
  try {
    return (await file?.stat())?.mtimeMs;
  } finally {
    await file?.close();
  }
}

/** Whether its last beat is of about now, by our clock; one in the future is of a clock that was set. */
async function beatWithin(path: string, ms: number): Promise<boolean> {
  const last = await beatAt(path);
  return last !== undefined && Math.abs(Date.now() - last) < ms;
}
