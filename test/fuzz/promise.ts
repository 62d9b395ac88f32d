import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { withinMemory } from './allocations.ts';

/** What a reader is given, as far as its promise depends on it. */
export interface Given {
  /** An error must say which file it is about: this is part of its message. */
  readonly path: string;
  /** Bytes that there are to read. What a reader makes of them may be larger by a factor, never as large as they claim. */
  readonly bytes: number;
}

/** An inflated or widened copy, and the pieces that readers read: far below what any lie claims. */
const memoryFor = (bytes: number) => (6 << 20) + 16 * bytes;
/** Processor time, so that a busy machine changes nothing; a case takes milliseconds of it. */
const mostCpuMs = 2000;
/** Nothing that goes on takes this long: it waits for what never comes. */
const hangMs = 60_000;

/**
 * What every reader of a file promises, in one place: it gives what `work` gives (which checks that it is right), or
 * refuses with an error of exit code 6 that names the file. It ends soon, and makes nothing as large as a claim.
 * Returns 'refused' for the error.
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

/** Some work, or an error where it never ends. */
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

/** Of this thread where the platform tells, else of the process, which runs one test at a time. */
function cpuMs(): number {
  const { threadCpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };
  const { user, system } = threadCpuUsage ? threadCpuUsage.call(process) : process.cpuUsage();
  return (user + system) / 1000;
}
