import { isAway } from '../errors.ts';
import { orStopped, waitFor } from '../wait-for.ts';
import type { JobInput, SendResult } from './run.ts';
import type { Quota } from './server.ts';

const minuteMs = 60_000;
/** The wait if the server does not say when more may be sent. */
const blindWaitMs = 60 * minuteMs;
/** The longest wait before asking again: a quota may be raised, and a machine does not notice that it was halted. */
const longestLegMs = 60 * minuteMs;

/** A quota with a limit. */
type DailyQuota = Quota & { readonly limit: number };

/** Whether an account may upload only so much a day. */
export function isLimited(quota: Quota | undefined): quota is DailyQuota {
  return quota !== undefined && quota.limit !== null;
}

/** Returns how many rows may still be uploaded today; infinite without a limit. */
export function leftToday(quota: Quota | undefined): number {
  return isLimited(quota) ? Math.max(0, quota.limit - quota.used) : Number.POSITIVE_INFINITY;
}

/**
 * Returns the current quota: another job of this command, or another machine, may have used some of it. It is asked for while
 * nothing is in flight, so a signal ends that at once. A run that is over needs no more than the quota known before.
 */
export async function freshQuota({ server, stop }: Pick<JobInput, 'server' | 'stop'>): Promise<Quota | undefined> {
  if (!isLimited(server.quota)) return server.quota;
  return orStopped(server.askQuota(), stop).catch((error) => {
    if (stop.aborted) return server.quota;
    throw error;
  });
}

/** Milliseconds until a quota is reset, by the server's clock, because ours may be set to anything; undefined if unknown. */
export function untilReset({ resetsAt, asOf }: Quota): number | undefined {
  return resetsAt && resetsAt.getTime() - asOf.getTime();
}

/**
 * Sleeps until a spent quota is reset and the server confirms it, and returns the quota that it reports. Undefined if the
 * run is to end instead; if that is because its time is up, it still counts as ended by the quota.
 */
export async function waitForQuota(
  input: Pick<JobInput, 'server' | 'stop' | 'onEvent'>,
  end: Extract<SendResult, { type: 'quota' }>,
  idle: number,
): Promise<{ readonly quota: Quota | undefined } | undefined> {
  const { stop, onEvent } = input;
  // If rounds got nothing through although the quota had been reset, the next one does not follow at once.
  let left = Math.max(idle > 1 ? minuteMs : 0, end.waitMs ?? blindWaitMs);
  const until = end.resumeAt ?? new Date(Date.now() + left);
  onEvent({ type: 'waiting', until: until.toISOString(), why: end.why });
  for (let wasSpent = false; ; ) {
    const leg = Math.min(left, longestLegMs);
    await waitFor(leg, stop);
    if (stop.aborted) return undefined;
    left -= leg;
    const quota = await askPatiently(input);
    if (quota === 'away') {
      left = Math.max(minuteMs, left);
    } else if (isLimited(quota) && leftToday(quota) === 0) {
      left = Math.max(minuteMs, untilReset(quota) ?? left);
      wasSpent = true;
    } else if (left <= 0 || wasSpent) {
      return { quota };
    }
  }
}

/** Returns the quota, or `away` if the server does not answer (it may be down at midnight) and is to be asked again. */
function askPatiently(input: Pick<JobInput, 'server' | 'stop'>): Promise<Quota | undefined | 'away'> {
  return freshQuota(input).catch((error) => {
    if (isAway(error)) return 'away';
    throw error;
  });
}
