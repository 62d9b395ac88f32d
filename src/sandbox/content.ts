import { createHash } from 'node:crypto';

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Writes JSON with the keys of every object sorted, so that equal contents give equal texts. */
function canonicalJson(value: unknown): string {
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  // A shortcut: tokens and values make up most of a row, and have no keys to sort.
  if (Array.isArray(value)) return value.some(isObject) ? `[${value.map(canonicalJson)}]` : JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${canonicalJson(part)}`).join(',')}}`;
}

/** Returns the SHA-256, in hex, of everything that makes up a row. */
export function contentHash(content: unknown): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}
