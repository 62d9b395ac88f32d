import { AppError } from '../errors.ts';
import type { SendResult } from './run.ts';
import type { JobInput } from './run-job.ts';
import type { Quota } from './server.ts';
import { waitUntil } from './wait-until.ts';

const minuteMs = 60_000;
/** Where the server does not say when more may be sent. */
const blindWaitMs = 60 * minuteMs;

/** The quota as it is now: another job of this command, or another machine, may have used some of it. */
export async function freshQuota({ server }: JobInput): Promise<Quota | undefined> {
  return server.quota && server.quota.limit !== null ? server.askQuota() : server.quota;
}

/**
 * Sleeps until a spent quota is reset, and until the server says so: its clock may be behind ours. False where the run
 * is to end instead; where its time is up, the quota is still what it waits for.
 */
export async function waitForQuota(
  input: JobInput,
  end: Extract<SendResult, { type: 'quota' }>,
  idle: number,
): Promise<boolean> {
  const { stop, onEvent } = input;
  // A round that got nothing through although the quota had been reset is not repeated at once.
  const soonest = () => Date.now() + (idle > 1 ? minuteMs : 0);
  let until = Math.max(soonest(), end.resumeAt?.getTime() ?? Date.now() + blindWaitMs);
  onEvent({ type: 'waiting', until: new Date(until).toISOString(), why: end.why });
  for (;;) {
    await waitUntil(new Date(until), stop);
    if (stop.aborted) return false;
    const quota = await askPatiently(input);
    if (quota === undefined || quota.limit === null || quota.used < quota.limit) return true;
    until = Math.max(Date.now() + minuteMs, quota.resetsAt?.getTime() ?? 0);
  }
}

/** A server that is away at midnight is asked again. */
function askPatiently(input: JobInput): Promise<Quota | undefined> {
  return freshQuota(input).catch((error) => {
    if (error instanceof AppError && error.exitCode === awayCode) return closed;
    throw error;
  });
}

/** Exit code of a server that is unreachable or failing. */
const awayCode = 5;
const closed: Quota = { tier: '', limit: 0, used: 0, resetsAt: undefined };
