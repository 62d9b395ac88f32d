import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { withinMemory } from './allocations.ts';

/** What a reader's promise depends on. */
export interface Given {
  /** Part of every error's message, because an error must say which file it is about. */
  readonly path: string;
  /** Bytes that there are to read. A reader may allocate a multiple of this, but never as much as they claim. */
  readonly bytes: number;
}

/** Room for an inflated or widened copy and for the pieces that readers read: far below what the large lies claim. */
const memoryFor = (bytes: number) => (6 << 20) + 16 * bytes;
/** Measured as processor time, so that a busy machine makes no difference. A case takes milliseconds. */
const mostCpuMs = 2000;
/** Work that takes this long is waiting for something that never comes. */
const hangMs = 60_000;

/**
 * Checks what every reader of a file promises: it either succeeds (`work` itself checks the result) or refuses with an
 * error of exit code 6 that names the file, it ends soon, and it never allocates as much as the file claims.
 * Returns what `work` returns, or 'refused' for the error.
 */
export async function keepsPromise<T>(given: Given, work: () => Promise<T>): Promise<T | 'refused'> {
  const before = cpuMs();
  const { result, tooLarge } = await withinMemory(memoryFor(given.bytes), () => inTime(work).catch(asRefusal));
  expect(tooLarge, 'allocates by a claim').toEqual([]);
  expect(cpuMs() - before, 'milliseconds of processor time').toBeLessThan(mostCpuMs);
  if (!(result instanceof Refusal)) return result;
  const { error } = result;
  if (!(error instanceof AppError)) throw error;
  expect(error.exitCode, error.message).toBe(6);
  expect(error.message, 'names the file').toContain(given.path);
  return 'refused';
}

class Refusal {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

function asRefusal(error: unknown): Refusal {
  return new Refusal(error);
}

/** Returns the result of some work, or throws if it never ends. */
export async function inTime<T>(work: () => Promise<T>): Promise<T> {
  const ended = new AbortController();
  const hangs = sleep(hangMs, undefined, { signal: ended.signal }).then(() => {
    throw new Error(`hangs: nothing came of it in ${hangMs} ms`);
  });
  hangs.catch(() => undefined);
  try {
    return await Promise.race([work(), hangs]);
  } finally {
    ended.abort();
  }
}

/** Reads this thread's processor time if possible, else that of the process, which runs one test at a time. */
function cpuMs(): number {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };
  const { user, system } = threadCpuUsage ? threadCpuUsage.call(process) : process.cpuUsage();
  return (user + system) / 1000;
}
