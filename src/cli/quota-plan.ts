import { count } from '../count.ts';
import type { Quota, Server } from '../upload/server.ts';
import type { CommandContext } from './context.ts';
import { formatMoment } from './moment.ts';

/** What an account may still upload today, as one says it behind its name; empty where there is no quota. */
export function quotaLeft({ quota }: Server): string {
  if (!quota) return '';
  if (quota.limit === null) return `, tier ${quota.tier} without a daily limit`;
  return `, tier ${quota.tier}: ${count(leftOf(quota, quota.limit))} of ${count(quota.limit)} features left today`;
}

/** Says how many days the quota makes of `rows` rows, before the first is sent; nothing where there is no limit. */
export function showQuota({ out, options }: CommandContext, { quota }: Server, rows: number): void {
  if (!quota || quota.limit === null || rows === 0) return;
  const left = leftOf(quota, quota.limit);
  const days = daysOf(rows, left, quota.limit);
  if (days > 1) {
    const reset = quota.resetsAt ? formatMoment(quota.resetsAt) : 'tomorrow';
    out.note(
      `quota    ${count(rows)} to send at ${count(quota.limit)} a day: this takes ${days} days, ${count(left)} go today`,
    );
    out.note(
      options.wait
        ? `         then this command waits until ${reset} and goes on (--wait)`
        : `         then this command stops; the same one goes on from ${reset}`,
    );
  }
  const resetsAt = quota.resetsAt?.toISOString() ?? null;
  out.document({ type: 'quota', tier: quota.tier, limit: quota.limit, left, resetsAt, toSend: rows, days });
}

/** Rows that the account may still upload today. */
export function leftToday({ quota }: Server): number {
  return quota?.limit == null ? Number.POSITIVE_INFINITY : leftOf(quota, quota.limit);
}

function leftOf({ used }: Quota, limit: number): number {
  return Math.max(0, limit - used);
}

/** Today counts as a day, whatever is left of it. */
function daysOf(rows: number, left: number, limit: number): number {
  return rows <= left ? 1 : 1 + Math.ceil((rows - left) / Math.max(1, limit));
}
