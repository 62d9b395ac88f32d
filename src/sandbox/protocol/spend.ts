import type { Account } from '../accounts.ts';
import type { Call } from '../route.ts';
import { quotaOf, requireQuota, utcDay } from './quota.ts';

/** Counts new rows against the user's UTC day, inside the write that stores them; refuses with 429 over the limit. */
export function spendQuota({ store, now }: Call, account: Account, rows: number): void {
  if (rows === 0) return;
  const day = utcDay(now);
  requireQuota(quotaOf(account, store.usage.used(account.id, day), now), rows, now);
  store.usage.add(account.id, day, rows);
}
