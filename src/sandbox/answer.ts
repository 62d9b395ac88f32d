import type { StoredVector } from './float32.ts';

/** One HTTP answer with its JSON already written, so that it can be stored and given again byte for byte. */
export interface Answer {
  status: number;
  text: string;
  headers?: Record<string, string>;
  /** Content type; JSON where missing, none where null. */
  type?: string | null;
  /** Sent instead of `text`, part by part. Where it throws, the connection is cut: before the first part, unanswered. */
  stream?: AsyncIterable<string>;
}

// NUL is refused in every text that is stored, so no stored text can look like a placeholder.
const placeholder = /"\\u0000vector (\d+)"/g;

function writeNumbers(values: StoredVector): string {
  // JSON.stringify writes -0 as 0, which is another float32.
  return `[${Array.from(values, (value) => (Object.is(value, -0) ? '-0' : String(value))).join(',')}]`;
}

/** Writes a value as JSON; a typed array anywhere in it becomes an array of numbers that keeps every bit. */
function writeJson(value: unknown): string {
  const vectors: StoredVector[] = [];
  const text = JSON.stringify(value, (_key, part) =>
    part instanceof Float32Array || part instanceof Float64Array ? `\0vector ${vectors.push(part) - 1}` : part,
  );
  return vectors.length === 0 ? text : text.replace(placeholder, (_all, at) => writeNumbers(vectors[Number(at)]!));
}

/** An answer with this value as its body. */
export function answer(value: unknown, status = 200): Answer {
  return { status, text: writeJson(value) };
}
