import { count } from '../count.ts';
import { shortMoment } from './moment.ts';

/** What one line of progress shows. */
export interface ProgressFacts {
  readonly confirmed: number;
  readonly total: number;
  /** Rows per second; 0 if unknown. */
  readonly rate: number;
  /** When it ends: `ETA 0:12`, `done in 0:05`, `waiting until 14:30`; empty if unknown. */
  readonly end: string;
}

/** On 80 columns this leaves room for the whole text, so a line stays whole if a wider terminal is narrowed to that. */
const widestBar = 30;
const narrowestBar = 10;

/** Formats ` 62 %  635/1,024 rows  2,310 rows/s  ETA 0:01`, leaving out what does not fit into `columns`. */
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

/** Puts a bar before that text. To stay within `columns`, drops parts of the text, then the bar. */
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

/** Says when it will be done: `ETA 0:12`, or from one hour on the time of day, with the date if that is not today. */
export function etaText(leftMs: number | undefined, now = new Date()): string {
  if (leftMs === undefined) return '';
  if (leftMs < hourMs) return `ETA ${clock(leftMs)}`;
  return `done about ${shortMoment(new Date(now.getTime() + leftMs), now)}`;
}

/** Formats a duration: `1:05`, `2:00:10`. */
export function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  const two = (part: number) => String(part).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${h > 0 ? `${h}:${two(m)}` : m}:${two(s)}`;
}
