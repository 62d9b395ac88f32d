import type { Answer } from './http.ts';
import { AnswerTooLarge } from './no-answer.ts';
import { formsOf, redact } from './redact.ts';
import type { Head } from './transfer.ts';

/** Largest answer in bytes. Answers are read into memory, and no Neuronpedia server sends us more. */
const largestAnswer = 64 << 20;
/** Most values in its JSON: each takes many times its text in memory. A thousand wide steering vectors have as many. */
const mostValues = 4 << 20;
/** Largest stream in bytes. It repeats all the text so far with each token, which adds up to a few megabytes. */
export const largestStream = 16 << 20;

/** Where an answer comes from, and the key that must not be shown anywhere. */
interface AnswerFrom {
  readonly origin: string;
  readonly key: string | undefined;
  readonly keyFrom?: string;
}

/** An answer as `--verbose` shows it. */
export function describeAnswer({ status, headers }: Pick<Answer, 'status' | 'headers'>, size: number): string {
  return `${status} ${headers.get('content-type') ?? ''} ${size} B`;
}

/** The body of an answer as it comes. */
export interface AnswerText {
  /** Error: AnswerTooLarge. */
  take(chunk: Uint8Array): void;
  /** Returns all that was taken. */
  text(): string;
}

/** Gathers the body of an answer, up to the limits above. */
export function answerText(): AnswerText {
  const chunks: Uint8Array[] = [];
  const count = sizeLimit(largestAnswer);
  let values = 0;
  return {
    take(chunk) {
      count(chunk);
      chunks.push(chunk);
      values += countSeparators(chunk);
      if (values > mostValues) throw new AnswerTooLarge(`the answer is larger than ${mostValues} values`, true);
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}

/** Makes an Answer of what was read. If it echoes the key, that is removed. */
export function toAnswer(head: Head, whole: string, { origin, key, keyFrom }: AnswerFrom): Answer {
  // Done before anything cuts the text short, as part of a key would not be found, or logs it.
  const forms = formsOf(key ?? '');
  const text = redact(whole, forms);
  return { status: head.status, headers: headersOf(head, forms), text, json: parseJson(text), origin, keyFrom };
}

/** Returns a function that counts bytes chunk by chunk and returns the sum so far. Error: AnswerTooLarge above `most`. */
export function sizeLimit(most: number): (chunk: Uint8Array) => number {
  let size = 0;
  return ({ length }) => {
    size += length;
    if (size > most) throw new AnswerTooLarge(`the answer is larger than ${most} bytes`, true);
    return size;
  };
}

/** Counts commas and opening brackets. A JSON text has at most one value more than these. */
function countSeparators(chunk: Uint8Array): number {
  let count = 0;
  for (const byte of chunk) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) count++;
  return count;
}

/** Returns an answer's headers by their lower-case names, without any of the `forms` of a key. */
export function headersOf({ headers }: Head, forms: readonly string[]): ReadonlyMap<string, string> {
  return new Map(Object.entries(headers).map(([name, value]) => [name, redact(String(value), forms)]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether an answer claims to be JSON but is incomplete. */
export function isCutOff({ headers, json, text }: Answer): boolean {
  return json === undefined && text !== '' && /\bjson\b/.test(headers.get('content-type') ?? '');
}
