import { randomUUID } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { elapsedMs } from '../elapsed.ts';
import * as z from '../schema.ts';
import { tryParseJson } from '../try-parse-json.ts';
import { processSpace, processStart } from './process-start.ts';

const ownerSchema = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.number(),
  /** When that process started, as the operating system counts it: the pid may have been reused since. */
  start: z.string(),
  /** The set of processes in which its pid is valid: those of another container cannot be seen. */
  space: z.optional(z.string()),
  since: z.string(),
});

/** Who holds a lock: the lock's content, as JSON. */
export type Owner = z.infer<typeof ownerSchema>;

/** How often an owner updates the modification time of its lock, as a sign of life. */
export const heartbeatMs = 2_000;
/** How long a lock from another host is trusted after its last heartbeat: network file systems show changes late. */
const staleMs = 60_000;
/** An owner counts as dead once three heartbeats are missing. */
export const quietMs = 3 * heartbeatMs;

/** Describes this process as the owner of a lock. */
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

/** Reads a lock's owner; undefined if there is no lock, or it is unreadable because its writer died while writing it. */
export async function readOwner(path: string): Promise<Owner | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return ownerSchema.safeParse(tryParseJson(text ?? '')).data;
}

/**
 * Whether the owner of a lock is alive, as far as can be told. If its process cannot be seen, listens for heartbeats for
 * `listenMs`: the time of the last beat alone is no proof of death, because clocks are reset and differ between hosts.
 * With 0 that time has to do.
 */
export async function isAlive(path: string, owner: Owner, me: Owner, listenMs: number): Promise<boolean> {
  if (owner.host !== me.host) return (await beatWithin(path, staleMs)) || keepsBeating(path, listenMs);
  if (owner.pid === me.pid && owner.start === me.start) {
    // Where the system does not say when a process started, an earlier run may have had our pid: in a container all are pid 1.
    // Otherwise it is this process, in which a worker thread or another copy of this package does not share `heldHere`.
    return owner.id === me.id || heldHere.has(owner.id) || hasHeartbeat(path, listenMs);
  }
  if (owner.space !== undefined && me.space !== undefined && owner.space !== me.space) {
    return hasHeartbeat(path, listenMs);
  }
  const start = processStart(owner.pid);
  if (start === undefined || (owner.start !== '' && start !== owner.start)) return false;
  // Without /proc a live process with that pid may be another one, so only heartbeats count. One within the last minute is
  // enough: a process that is suspended, or whose disk hangs, misses some.
  return owner.start !== '' || (await beatWithin(path, staleMs)) || hasHeartbeat(path, listenMs);
}

/** Whether there is a heartbeat: listens for a new one or, with 0, looks at the time of the last one. */
function hasHeartbeat(path: string, listenMs: number): Promise<boolean> {
  return listenMs > 0 ? keepsBeating(path, listenMs) : beatWithin(path, quietMs);
}

/** Whether another heartbeat comes within `listenMs`. */
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

/** Ids of the locks held by this copy of the module: a program that uses the library may run two jobs at once. */
export const heldHere = new Set<string>();

/** Returns the time of a lock's last heartbeat, in milliseconds since 1970; undefined if there is no lock. */
async function beatAt(path: string): Promise<number | undefined> {
  // Opens the file, because network file systems may answer a plain stat from their cache.
  const file = await open(path, 'r').catch(() => undefined);
  try {
    return (await file?.stat())?.mtimeMs;
  } finally {
    await file?.close();
  }
}

/** Whether the last beat is within `ms` of now by our clock. A beat in the far future comes from a clock that was set. */
async function beatWithin(path: string, ms: number): Promise<boolean> {
  const last = await beatAt(path);
  return last !== undefined && Math.abs(Date.now() - last) < ms;
}
