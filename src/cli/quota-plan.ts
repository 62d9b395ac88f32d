import { count } from '../count.ts';
import { isLimited, leftToday } from '../upload/quota.ts';
import type { Quota, Server } from '../upload/server.ts';
import type { CommandContext } from './context.ts';
import { formatMoment } from './moment.ts';

/** What an account may still upload today, in words. */
export function quotaText(quota: Quota): string {
  if (!isLimited(quota)) return 'no daily limit';
  return `${count(leftToday(quota))} of ${count(quota.limit)} features left today`;
}

/** Shows how many days `rows` rows take under the quota, before any is sent; nothing if there is no limit. */
export function showQuota({ out, options }: CommandContext, { quota }: Server, rows: number): void {
  if (!isLimited(quota) || rows === 0) return;
  const left = leftToday(quota);
  const days = daysOf(rows, left, quota.limit);
  if (days > 1) {
    const reset = quota.resetsAt ? formatMoment(quota.resetsAt) : 'tomorrow';
    out.note(
      `quota    ${count(rows)} to send at ${count(quota.limit)} a day: this takes ${days} days, ${count(left)} of them can be sent today`,
    );
    out.note(
      options.wait
        ? `         then this command waits until ${reset} and continues (--wait)`
        : `         then this command stops; run it again from ${reset} to continue`,
    );
  }
  const resetsAt = quota.resetsAt?.toISOString() ?? null;
  out.document({ type: 'quota', tier: quota.tier, limit: quota.limit, left, resetsAt, toSend: rows, days });
}

/** Counts the days until all rows are sent. Today is one, however little of its quota is left. */
function daysOf(rows: number, left: number, limit: number): number {
  return rows <= left ? 1 : 1 + Math.ceil((rows - left) / Math.max(1, limit));
}
