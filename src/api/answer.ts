import { cutElements } from '../tensor/json-elements.ts';
import { tryParseJson } from '../try-parse-json.ts';
import type { Elements } from './elements.ts';
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
  /** Bytes taken so far. */
  readonly size: number;
  /** What was taken, except elements that were passed on. */
  text(): string;
  /** Returns the error of an exchange that ended with this one: a large answer that ran out of time is too large. */
  failure(error: unknown): unknown;
}

/** Gathers an answer up to the limits above: all of it, or what is around the elements that are passed on. */
export function answerText(elements?: Elements, key = ''): AnswerText {
  return elements ? answerAround(elements, formsOf(key)) : wholeAnswer();
}

function wholeAnswer(): AnswerText {
  const chunks: Uint8Array[] = [];
  const count = sizeLimit(largestAnswer);
  let [size, values] = [0, 0];
  return {
    take(chunk) {
      size = count(chunk);
      values = countValues(values, chunk);
      chunks.push(chunk);
    },
    get size() {
      return size;
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
    failure: (error) => error,
  };
}

/**
 * Parses the elements of one array and passes them on one at a time, without the key's `forms`; the limits hold for each of
 * them and for the rest. An element that is not JSON ends up in the text, so that the text is not JSON either.
 */
function answerAround({ key, begin }: Elements, forms: readonly string[]): AnswerText {
  const pass = begin();
  let broken: string | undefined;
  let [size, values, passed] = [0, 0, 0];
  const cutter = cutElements(key, ({ text }) => {
    passed += countValues(0, text);
    if (broken !== undefined) return;
    const element = redact(text.toString('utf8'), forms);
    const value = tryParseJson(element);
    // With the comma even an empty one keeps the text from being JSON.
    if (value === undefined) broken = `${element},`;
    else pass(value);
  });
  return {
    take(chunk) {
      size += chunk.length;
      // Those of elements that were passed on need no memory any more.
      values = countValues(values - passed, chunk);
      passed = 0;
      try {
        cutter.take(chunk);
      } catch (cause) {
        throw cause instanceof SyntaxError ? new AnswerTooLarge(`the answer: ${cause.message}`, true) : cause;
      }
    },
    get size() {
      return size;
    },
    text: () => cutter.outside().toString('utf8') + (broken ?? ''),
    failure(error) {
      const isLate = error instanceof Error && error.name === 'TimeoutError';
      if (!isLate || size <= largestAnswer) return error;
      return new AnswerTooLarge(`the answer is larger than ${largestAnswer} bytes and takes too long`, true);
    },
  };
}

/** Makes an Answer of what was read. If it echoes the key, that is removed. */
export function toAnswer(head: Head, whole: string, { origin, key, keyFrom }: AnswerFrom): Answer {
  // Done before anything cuts the text short, as part of a key would not be found, or logs it.
  const forms = formsOf(key ?? '');
  const text = redact(whole, forms);
  const from = { origin, keyFrom, hasKey: key !== undefined };
  return { status: head.status, headers: headersOf(head, forms), text, json: tryParseJson(text), ...from };
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

/** Adds a chunk's JSON values to those counted so far. Error: AnswerTooLarge above `mostValues`. */
function countValues(before: number, chunk: Uint8Array): number {
  let values = before;
  // A JSON text has at most one value more than commas and opening brackets.
  for (const byte of chunk) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) values++;
  if (values > mostValues) throw new AnswerTooLarge(`the answer is larger than ${mostValues} values`, true);
  return values;
}

/** Returns an answer's headers by their lower-case names, without any of the `forms` of a key. */
export function headersOf({ headers }: Head, forms: readonly string[]): ReadonlyMap<string, string> {
  return new Map(Object.entries(headers).map(([name, value]) => [name, redact(String(value), forms)]));
}

/** Whether an answer claims to be JSON but is incomplete. */
export function isCutOff({ headers, json, text }: Answer): boolean {
  return json === undefined && text !== '' && /\bjson\b/.test(headers.get('content-type') ?? '');
}
