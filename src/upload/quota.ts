import { isAway } from '../errors.ts';
import { waitFor } from '../wait-for.ts';
import type { JobInput, SendResult } from './run.ts';
import type { Quota } from './server.ts';

const minuteMs = 60_000;
/** Where the server does not say when more may be sent. */
const blindWaitMs = 60 * minuteMs;
/** A quota may be raised meanwhile, and a machine that was halted as a whole does not know of it: so it is asked. */
const longestLegMs = 60 * minuteMs;

/** A quota that has an end. */
type DailyQuota = Quota & { readonly limit: number };

/** Whether an account may upload only so much a day. */
export function isLimited(quota: Quota | undefined): quota is DailyQuota {
  return quota !== undefined && quota.limit !== null;
}

/** Rows that may still be uploaded today: no end of them without a limit. */
export function leftToday(quota: Quota | undefined): number {
  return isLimited(quota) ? Math.max(0, quota.limit - quota.used) : Number.POSITIVE_INFINITY;
}

/** The quota as it is now: another job of this command, or another machine, may have used some of it. */
export async function freshQuota({ server }: Pick<JobInput, 'server'>): Promise<Quota | undefined> {
  return isLimited(server.quota) ? server.askQuota() : server.quota;
}

/** How long it is until a quota is reset, by the clock of the server that tells it: ours may be set to anything. */
export function untilReset({ resetsAt, asOf }: Quota): number | undefined {
  return resetsAt && resetsAt.getTime() - asOf.getTime();
}

/**
 * Sleeps until a spent quota is reset, and until the server says so; with the quota that it told. Undefined where the run is
 * to end instead; where its time is up, the quota is still what it waits for.
 */
export async function waitForQuota(
  input: Pick<JobInput, 'server' | 'stop' | 'onEvent'>,
  end: Extract<SendResult, { type: 'quota' }>,
  idle: number,
): Promise<{ readonly quota: Quota | undefined } | undefined> {
  const { stop, onEvent } = input;
  // A round that got nothing through although the quota had been reset is not repeated at once.
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

/** A server that is away at midnight is asked again. */
function askPatiently(input: Pick<JobInput, 'server'>): Promise<Quota | undefined | 'away'> {
  return freshQuota(input).catch((error) => {
    if (isAway(error)) return 'away';
    throw error;
  });
}
