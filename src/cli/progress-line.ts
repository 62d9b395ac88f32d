import { count } from '../count.ts';
import { shortMoment } from './moment.ts';

/** What one line of progress tells. */
export interface ProgressFacts {
  readonly confirmed: number;
  readonly total: number;
  /** Rows a second; 0 where it cannot be told. */
  readonly rate: number;
  /** What is said of the end: `ETA 0:12`, `done in 0:05`, `waiting until 14:30`; empty where nothing can be. */
  readonly end: string;
}

/** A bar that has room for all that is said beside it on 80 columns stays whole where a terminal is made narrower. */
const widestBar = 30;
const narrowestBar = 10;

/** ` 62 %  635/1,024 rows  2,310 rows/s  ETA 0:01`, as much of it as `columns` has room for. */
export function factsLine({ confirmed, total, rate, end }: ProgressFacts, columns = Number.POSITIVE_INFINITY): string {
  const parts = [
    share(confirmed, total),
    `${count(confirmed)}/${count(total)} rows`,
    ...(rate > 0 ? [`${rateText(rate)} rows/s`] : []),
    ...(end === '' ? [] : [end]),
  ];
  const fits = (some: readonly string[]) => some.join('  ').length <= columns;
  const [percent, rows] = parts as [string, string];
  const choices = [parts, [percent, rows, end], [percent, end], [percent, rows], [percent]];
  return (choices.find(fits) ?? [percent]).filter(Boolean).join('  ');
}

/** The same with a bar before it; never wider than `columns`, whatever is left out for that. */
export function barLine(facts: ProgressFacts, columns: number, draw: (full: number, empty: number) => string): string {
  const text = factsLine(facts, columns - narrowestBar - 3);
  const room = columns - text.length - 3;
  if (room < narrowestBar) return factsLine(facts, columns - 1);
  const width = Math.min(widestBar, room);
  const full = facts.total === 0 ? width : Math.floor((facts.confirmed / facts.total) * width);
  return `${draw(full, width - full)}  ${text}`;
}

function share(value: number, total: number): string {
  return `${total === 0 ? 100 : Math.floor((100 * value) / total)} %`.padStart(5);
}

function rateText(rate: number): string {
  return rate >= 10 ? count(Math.round(rate)) : rate.toFixed(rate >= 1 ? 1 : 2);
}

const hourMs = 3_600_000;

/** When it will be done: `ETA 0:12`, and from an hour on the time of day, with the date where it is another. */
export function etaText(leftMs: number | undefined, now = new Date()): string {
  if (leftMs === undefined) return '';
  if (leftMs < hourMs) return `ETA ${clock(leftMs)}`;
  return `done about ${shortMoment(new Date(now.getTime() + leftMs), now)}`;
}

/** `1:05`, `2:00:10` */
export function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const two = (part: number) => String(part).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${h > 0 ? `${h}:${two(m)}` : m}:${two(s)}`;
}
