const two = (part: number) => String(part).padStart(2, '0');
const dayOf = (instant: Date) => `${instant.getFullYear()}-${two(instant.getMonth() + 1)}-${two(instant.getDate())}`;

/**
 * Formats an instant for people, local time first: `14:30 (13:30 UTC)` today, `01:00 on 2026-11-23 (2026-11-23 00:00 UTC)`
 * on another day. Where local time is UTC, gives that alone.
 */
export function formatMoment(instant: Date, now = new Date()): string {
  const [utcDay, utcTime] = [instant.toISOString().slice(0, 10), `${instant.toISOString().slice(11, 16)} UTC`];
  const day = dayOf(instant);
  const isToday = day === dayOf(now);
  const utc = isToday && utcDay === day ? utcTime : `${utcDay} ${utcTime}`;
  if (instant.getTimezoneOffset() === 0) return utc;
  const time = `${two(instant.getHours())}:${two(instant.getMinutes())}`;
  return `${time}${isToday ? '' : ` on ${day}`} (${utc})`;
}

/** Formats an instant in local time only, for lines without room for both: `14:30`, `2026-11-23 01:00`. */
export function shortMoment(instant: Date, now = new Date()): string {
  const time = `${two(instant.getHours())}:${two(instant.getMinutes())}`;
  const day = dayOf(instant);
  return day === dayOf(now) ? time : `${day} ${time}`;
}
