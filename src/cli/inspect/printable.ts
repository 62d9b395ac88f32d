/**
 * Returns the data with control characters in all of its texts escaped as `\xNN`: anybody may have written the names and
 * notes in a file, and a terminal would obey them.
 */
export function printable<T>(data: T): T {
  if (typeof data === 'string') return data.replaceAll(/\p{Cc}/gu, spelt) as T;
  if (Array.isArray(data)) return data.map(printable) as T;
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [printable(name), printable(value)])) as T;
}

function spelt(character: string): string {
  return `\\x${(character.codePointAt(0) as number).toString(16).padStart(2, '0')}`;
}
