/** A value of Python's literal syntax, as far as numpy's headers use it. Tuples and lists both become arrays. */
export type PythonValue = string | number | boolean | null | PythonValue[] | Map<string, PythonValue>;

/** Headers nest two levels deep, and structured dtypes some more. */
const deepest = 16;

/**
 * Reads one Python literal (dict, tuple, list, string, integer, True, False, None), as in an .npy header.
 * Throws an Error that says what is wrong.
 */
export function parsePythonLiteral(text: string): PythonValue {
  const cursor = { text, at: 0 };
  const value = readValue(cursor, 0);
  skipSpace(cursor);
  if (cursor.at < text.length) throw unexpected(cursor);
  return value;
}

interface Cursor {
  readonly text: string;
  at: number;
}

function readValue(cursor: Cursor, depth: number): PythonValue {
  if (depth > deepest) throw new Error(`nested deeper than ${deepest} levels`);
  skipSpace(cursor);
  const first = cursor.text[cursor.at];
  if (first === '{') return readDict(cursor, depth);
  if (first === '(') return readItems(cursor, ')', depth);
  if (first === '[') return readItems(cursor, ']', depth);
  if (first === "'" || first === '"') return readString(cursor, first);
  return readWord(cursor);
}

function readDict(cursor: Cursor, depth: number): Map<string, PythonValue> {
  const dict = new Map<string, PythonValue>();
  cursor.at++;
  while (!skip(cursor, '}')) {
    const key = readValue(cursor, depth + 1);
    if (typeof key !== 'string' || !skip(cursor, ':')) throw unexpected(cursor);
    if (dict.has(key)) throw new Error(`key '${key}' appears twice`);
    dict.set(key, readValue(cursor, depth + 1));
    if (!skip(cursor, ',') && cursor.text[cursor.at] !== '}') throw unexpected(cursor);
  }
  return dict;
}

function readItems(cursor: Cursor, close: string, depth: number): PythonValue[] {
  const items: PythonValue[] = [];
  cursor.at++;
  while (!skip(cursor, close)) {
    items.push(readValue(cursor, depth + 1));
    if (!skip(cursor, ',') && cursor.text[cursor.at] !== close) throw unexpected(cursor);
  }
  return items;
}

function readString(cursor: Cursor, quote: string): string {
  const end = cursor.text.indexOf(quote, cursor.at + 1);
  if (end < 0) throw new Error('a string is not closed');
  const body = cursor.text.slice(cursor.at + 1, end);
  if (body.includes('\\')) throw new Error('a string holds an escape');
  cursor.at = end + 1;
  return body;
}

/** Python 2 wrote long integers as `10L`. */
const wordForm = /(?:(-?\d+)L?|(True)|(False)|(None))(?![\w.])/y;

function readWord(cursor: Cursor): PythonValue {
  wordForm.lastIndex = cursor.at;
  const match = wordForm.exec(cursor.text);
  if (!match) throw unexpected(cursor);
  cursor.at = wordForm.lastIndex;
  if (match[1] !== undefined) return Number(match[1]);
  return match[4] ? null : match[2] !== undefined;
}

function skip(cursor: Cursor, character: string): boolean {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at++;
  return true;
}

function skipSpace(cursor: Cursor): void {
  while (/\s/.test(cursor.text[cursor.at] ?? '')) cursor.at++;
}

function unexpected(cursor: Cursor): Error {
  const found = cursor.text[cursor.at];
  return new Error(found === undefined ? 'it ends too early' : `unexpected '${found}' at character ${cursor.at}`);
}
