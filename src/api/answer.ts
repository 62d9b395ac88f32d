import type { Dispatcher } from 'undici';
import { countSeparators } from './count-separators.ts';
import type { Answer } from './http.ts';
import { AnswerTooLarge } from './no-answer.ts';
import { formsOf, redact } from './redact.ts';

/** Answers are read into memory: more than this is no answer of a Neuronpedia to us. */
const largestAnswer = 64 << 20;
/** Values in its JSON, whose every one takes memory many times its text: a thousand wide steering vectors have as many. */
const mostValues = 4 << 20;
/** A stream repeats all that there is so far with each token, which comes to a few of these. */
const largestStream = 16 << 20;

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

/** Reads an answer to its end, without what it says back of the key. Errors: AnswerTooLarge, and those of the connection. */
export async function readAnswer(response: Dispatcher.ResponseData, from: AnswerFrom): Promise<Answer> {
  const { origin, key, keyFrom } = from;
  const chunks: Uint8Array[] = [];
  let values = 0;
  for await (const chunk of limitedChunks(response, largestAnswer)) {
    chunks.push(chunk);
    values += countSeparators(chunk);
    if (values > mostValues) throw new AnswerTooLarge(`the answer is larger than ${mostValues} values`, true);
  }
  // What a server says back of the key is gone before anybody cuts it short or writes it down.
  const forms = formsOf(key ?? '');
  const text = redact(Buffer.concat(chunks).toString('utf8'), forms);
  const { statusCode: status } = response;
  return { status, headers: headersOf(response, forms), text, json: parseJson(text), origin, keyFrom };
}

/** The pieces of an event stream. Errors: those of `readAnswer`. */
export function streamChunks(response: Dispatcher.ResponseData): AsyncGenerator<Uint8Array> {
  return limitedChunks(response, largestStream);
}

async function* limitedChunks(response: Dispatcher.ResponseData, most: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > most) throw new AnswerTooLarge(`the answer is larger than ${most} bytes`, true);
    yield chunk;
  }
}

/** An answer's headers, by their names in lower case, without `forms` of a key. */
export function headersOf(response: Dispatcher.ResponseData, forms: readonly string[]): ReadonlyMap<string, string> {
  return new Map(Object.entries(response.headers).map(([name, value]) => [name, redact(String(value), forms)]));
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
