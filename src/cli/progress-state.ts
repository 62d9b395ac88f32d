import { elapsedMs } from '../elapsed.ts';
import { shortMoment } from './moment.ts';
import { createPace, type Pace } from './pace.ts';
import { clock, etaText, type ProgressFacts } from './progress-line.ts';

/** A quota that is spent before all rows are there. */
export interface QuotaReach {
  /** Rows that will be confirmed when it is spent. */
  readonly reach: number;
  /** When the last of the rows can be sent, where the run waits for that. */
  readonly lastDay?: Date | undefined;
}

/** How far an upload is; `before` are the rows that were there when it began. Times are those of `elapsedMs`. */
export interface ProgressState {
  readonly total: number;
  readonly startedAt: number;
  readonly before: number;
  readonly pace: Pace;
  confirmed: number;
  quota: QuotaReach | undefined;
  until: Date | undefined;
  /** When a request that failed is sent again. */
  tryAt: number | undefined;
}

/** How far an upload is, as it is being shown. */
export interface Shown {
  changed(): void;
  stop(): void;
}

/** What an upload starts from: `confirmed` of `total` rows. */
export function startState(total: number, confirmed: number): ProgressState {
  const startedAt = elapsedMs();
  const pace = createPace(confirmed, startedAt);
  return { total, startedAt, before: confirmed, pace, confirmed, quota: undefined, until: undefined, tryAt: undefined };
}

/** What can be said now: the rate of the last minutes, and in the end of the whole. */
export function factsOf({
  total,
  startedAt,
  before,
  pace,
  confirmed,
  quota,
  until,
  tryAt,
}: ProgressState): ProgressFacts {
  const now = elapsedMs();
  const all = { confirmed, total };
  if (until) return { ...all, rate: 0, end: `waiting until ${shortMoment(until)}` };
  if (confirmed >= total) {
    const ms = now - startedAt;
    const rate = ms > 0 ? ((confirmed - before) / ms) * 1000 : 0;
    return { ...all, rate, end: confirmed > before ? `done in ${clock(ms)}` : 'done' };
  }
  if (tryAt !== undefined)
    return { ...all, rate: 0, end: tryAt > now ? `trying again in ${clock(tryAt - now)}` : 'trying again' };
  const rate = pace.rate(now);
  if (!quota) return { ...all, rate, end: etaText(pace.leftMs(total - confirmed, now)) };
  if (quota.lastDay) return { ...all, rate, end: `done about ${shortMoment(quota.lastDay)}` };
  const eta = etaText(pace.leftMs(quota.reach - confirmed, now));
  return { ...all, rate, end: eta === '' ? '' : `${eta} to the quota` };
}
