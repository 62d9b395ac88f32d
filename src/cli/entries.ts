import { tryParseJson } from '../try-parse-json.ts';

/**
 * Parses `key=value` pairs; a value that is valid JSON is read as JSON, any other as text. Undefined if a pair has no key
 * or no `=`, or if a key comes twice.
 */
export function parseEntries(pairs: readonly string[]): Record<string, unknown> | undefined {
  const entries: Record<string, unknown> = Object.create(null);
  for (const pair of pairs) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
    if (key === undefined || value === undefined || Object.hasOwn(entries, key)) return undefined;
    entries[key] = jsonOrText(value);
  }
  return { ...entries };
}

function jsonOrText(text: string): unknown {
  const value = tryParseJson(text);
  // An id with more digits than a double holds would be rounded.
  const isRounded = typeof value === 'number' && /^-?\d+$/.test(text) && !Number.isSafeInteger(value);
  return value === undefined || isRounded ? text : value;
}
