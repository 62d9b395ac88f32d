const two = (part: number) => String(part).padStart(2, '0');

/** An instant as a person reads it: `01:00 on 2026-11-23 (2026-11-23 00:00 UTC)`, in local time first. */
export function formatMoment(instant: Date): string {
  const utc = `${instant.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  if (instant.getTimezoneOffset() === 0) return utc;
  const day = `${instant.getFullYear()}-${two(instant.getMonth() + 1)}-${two(instant.getDate())}`;
  return `${two(instant.getHours())}:${two(instant.getMinutes())} on ${day} (${utc})`;
}
