import { elapsedMs } from '../elapsed.ts';
import { shortMoment } from './moment.ts';
import { createPace, type Pace } from './pace.ts';
import { clock, etaText, type ProgressFacts } from './progress-line.ts';

/** A quota that will be spent before all rows are confirmed. */
export interface QuotaReach {
  /** Rows that will be confirmed when it is spent. */
  readonly reach: number;
  /** When the last rows can be sent, if the run waits for the quota to reset. */
  readonly lastDay?: Date | undefined;
}

/** How far an upload is. `before` counts the rows confirmed when it began. Numeric times are those of `elapsedMs`. */
export interface ProgressState {
  readonly total: number;
  readonly startedAt: number;
  readonly before: number;
  readonly pace: Pace;
  confirmed: number;
  quota: QuotaReach | undefined;
  until: Date | undefined;
  /** When the failed request is sent again. */
  tryAt: number | undefined;
}

/** A display of progress; `changed` redraws it from the state. */
export interface Shown {
  changed(): void;
  stop(): void;
}

/** Returns the state of an upload that starts with `confirmed` of `total` rows. */
export function startState(total: number, confirmed: number): ProgressState {
  const startedAt = elapsedMs();
  const pace = createPace(confirmed, startedAt);
  return { total, startedAt, before: confirmed, pace, confirmed, quota: undefined, until: undefined, tryAt: undefined };
}

/** Returns what to show now. The rate is that of the last minutes; once all is done, that of the whole run. */
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
