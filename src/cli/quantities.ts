const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};
const timeUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `2MB`, `512KiB` or a number of bytes. Returns undefined for anything else, and for less than one byte. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?i?b?)$/i.exec(text.trim());
  const unit = match && sizeUnits[normalUnit(match[2] as string)];
  const bytes = unit ? Math.floor(Number(match[1]) * unit) : 0;
  return bytes >= 1 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Adds a missing `b`: `m` means `mb`, and `mi` means `mib`. */
function normalUnit(unit: string): string {
  const lower = unit.toLowerCase();
  return lower === '' || lower.endsWith('b') ? lower : `${lower}b`;
}

/** 24 days, within what one `setTimeout` can count (2^31 - 1 ms, 24.8 days). */
const longestMs = 24 * 86_400_000;

/** Reads `30s`, `5h30m`, `500ms` or a number of seconds. Returns milliseconds, or undefined for anything else or too much. */
export function parseDuration(text: string): number | undefined {
  const ms = millisecondsOf(text.trim());
  return ms !== undefined && ms <= longestMs ? ms : undefined;
}

function millisecondsOf(trimmed: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(trimmed)) return undefined;
  let total = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (timeUnits[unit as string] as number);
  }
  return total;
}

/** Reads a time limit. Returns milliseconds, or undefined if it is no duration, zero or too long. */
export function parseTimeLimit(text: string): number | undefined {
  const ms = parseDuration(text);
  return ms !== undefined && ms > 0 ? ms : undefined;
}

/** Reads `512` or `all`, which is infinity; undefined for anything else. */
export function parseRowCount(text: string): number | undefined {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}
