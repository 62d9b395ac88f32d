import type { Account, Tier } from '../accounts.ts';
import type { Call } from '../route.ts';
import { refuse } from './refusal.ts';

/** How many new features, vectors and probes a user may store in one UTC day; null for no limit. */
const DAILY_LIMIT: Record<Tier, number | null> = { free: 1_000, research: 10_000, bulk: null };

/** The `features` object of `/api/upload/limits` and of a 429. */
export interface Quota {
  limit: number | null;
  used: number;
  resetsAt: string;
}

/** The UTC day of an instant, as `2026-11-22`. */
function utcDay(now: Date): string {
  return now.toISOString().slice(0, 10);
}

function nextMidnight(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
}

/** Returns today's quota of a user, and how much of it is used. */
export function quotaOf({ store, now }: Call, { id, tier }: Account): Quota {
  const used = store.usage.used(id, utcDay(now));
  return { limit: DAILY_LIMIT[tier], used, resetsAt: nextMidnight(now).toISOString().replace('.000Z', 'Z') };
}

/** Counts new rows against the user's UTC day, inside the write that stores them; refuses with 429 over the limit. */
export function spendQuota(call: Call, account: Account, rows: number): void {
  if (rows === 0) return;
  requireQuota(quotaOf(call, account), rows, call.now);
  call.store.usage.add(account.id, utcDay(call.now), rows);
}

/** Refuses with 429 and `Retry-After` (seconds until UTC midnight) if `rows` new rows are more than are left today. */
function requireQuota(quota: Quota, rows: number, now: Date): void {
  if (quota.limit === null || quota.used + rows <= quota.limit) return;
  const left = Math.max(0, quota.limit - quota.used);
  const seconds = Math.ceil((Date.parse(quota.resetsAt) - now.getTime()) / 1000);
  const adds = `the request adds ${rows} ${rows === 1 ? 'row' : 'rows'}`;
  refuse(429, 'rate_limit_exceeded', `${adds}, but only ${left} of your ${quota.limit} rows a day are left`, {
    headers: { 'retry-after': String(seconds) },
    more: { features: quota },
  });
}
