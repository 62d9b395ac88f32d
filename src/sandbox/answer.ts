import type { StoredVector } from './float32.ts';

/** One HTTP answer. Its body is already JSON text, so it can be stored and repeated byte for byte. */
export interface Answer {
  status: number;
  text: string;
  headers?: Record<string, string>;
  /** Content type: JSON if missing, no header if null. */
  type?: string | null;
  /** Sent part by part instead of `text`. If it throws, the connection is cut; before the first part, without an answer. */
  stream?: AsyncIterable<string>;
}

// A placeholder starts with NUL. Stored texts never contain NUL, so none can look like a placeholder.
const placeholder = /"\\u0000vector (\d+)"/g;

function writeNumbers(values: StoredVector): string {
  // JSON.stringify writes -0 as 0, which is a different float32.
  return `[${Array.from(values, (value) => (Object.is(value, -0) ? '-0' : String(value))).join(',')}]`;
}

/** Writes a value as JSON. Typed arrays anywhere in it become arrays of numbers without losing a bit. */
function writeJson(value: unknown): string {
  const vectors: StoredVector[] = [];
  const text = JSON.stringify(value, (_key, part) =>
    part instanceof Float32Array || part instanceof Float64Array ? `\0vector ${vectors.push(part) - 1}` : part,
  );
  return vectors.length === 0 ? text : text.replace(placeholder, (_all, at) => writeNumbers(vectors[Number(at)]!));
}

/** Makes an answer with this value as its JSON body. */
export function answer(value: unknown, status = 200): Answer {
  return { status, text: writeJson(value) };
}

/** Makes an answer `{"NAME":[…]}` that is made and sent value by value: all together may be more than a string can hold. */
export function answerList(name: string, values: Iterable<unknown>): Answer {
  return { status: 200, text: '', stream: listParts(name, values) };
}

async function* listParts(name: string, values: Iterable<unknown>): AsyncGenerator<string> {
  let before = `{${JSON.stringify(name)}:[`;
  for (const value of values) {
    yield before + writeJson(value);
    before = ',';
  }
  yield before === ',' ? ']}' : `${before}]}`;
}
