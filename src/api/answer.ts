import type { Answer } from './http.ts';
import { AnswerTooLarge } from './no-answer.ts';
import { formsOf, redact } from './redact.ts';
import type { Head } from './transfer.ts';

/** Answers are read into memory: more than this is no answer of a Neuronpedia to us. */
const largestAnswer = 64 << 20;
/** Values in its JSON, whose every one takes memory many times its text: a thousand wide steering vectors have as many. */
const mostValues = 4 << 20;
/** A stream repeats all that there is so far with each token, which comes to a few of these. */
export const largestStream = 16 << 20;

/** Whose answer it is, and the key that is to be seen nowhere. */
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
  /** All that was taken. */
  text(): string;
}

/** Gathers no more than the limits above. */
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

/** An answer that has been read, without what it says back of the key. */
export function toAnswer(head: Head, whole: string, { origin, key, keyFrom }: AnswerFrom): Answer {
  // What a server says back of the key is gone before anybody cuts it short or writes it down.
  const forms = formsOf(key ?? '');
  const text = redact(whole, forms);
  return { status: head.status, headers: headersOf(head, forms), text, json: parseJson(text), origin, keyFrom };
}

/** Counts bytes chunk by chunk, and returns how many they are so far. Error: AnswerTooLarge above `most`. */
export function sizeLimit(most: number): (chunk: Uint8Array) => number {
  let size = 0;
  return ({ length }) => {
    size += length;
    if (size > most) throw new AnswerTooLarge(`the answer is larger than ${most} bytes`, true);
    return size;
  };
}

/** Commas and opening brackets: no fewer than a JSON text has values, but for one. */
function countSeparators(chunk: Uint8Array): number {
  let count = 0;
  for (const byte of chunk) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) count++;
  return count;
}

/** An answer's headers, by their names in lower case, without `forms` of a key. */
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

/** It says that it is JSON, and is not all of it. */
export function isCutOff({ headers, json, text }: Answer): boolean {
  return json === undefined && text !== '' && /\bjson\b/.test(headers.get('content-type') ?? '');
}
