import { type Dispatcher, Pool } from 'undici';
import { countSeparators } from './count-separators.ts';
import { NoAnswer, noAnswer } from './no-answer.ts';
import { formsOf, redact } from './redact.ts';

export { NoAnswer } from './no-answer.ts';

/** A request as this client makes them: JSON or nothing in, whatever comes out. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A complete answer. `json` is undefined where the body is not JSON, whatever its content type claims. */
export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly json: unknown;
  /** Who gave it, and where the key that was sent came from, if that is known. */
  readonly origin: string;
  readonly keyFrom: string | undefined;
}

/** An answer that comes piece by piece. The pieces end in NoAnswer where the connection breaks. */
export interface StreamedAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** There was an answer, but more of it than is read: asking again would only bring it again. */
export class AnswerTooLarge extends NoAnswer {}

export interface Http {
  readonly origin: string;
  /** Errors: NoAnswer. */
  request(request: HttpRequest): Promise<Answer>;
  /** The same for an answer that may be an event stream; any other is read whole. Errors: NoAnswer. */
  stream(request: HttpRequest): Promise<Answer | StreamedAnswer>;
  close(): Promise<void>;
}

export interface HttpOptions {
  readonly origin: string;
  /** Path that the server lives under, without a slash at its end. */
  readonly basePath: string;
  readonly key: string | undefined;
  readonly keyFrom?: string;
  readonly userAgent: string;
  /** Called once an exchange is over, with nothing secret in it. */
  readonly onExchange?: (line: string) => void;
}

/** Answers are read into memory: more than this is no answer of a Neuronpedia to us. */
const largestAnswer = 64 << 20;
/** Values in its JSON, whose every one takes memory many times its text: a thousand wide steering vectors have as many. */
const mostValues = 4 << 20;
/** A stream repeats all that there is so far with each token, which comes to a few of these. */
const largestStream = 16 << 20;
const connectTimeoutMs = 10_000;
/** A server that is busy storing takes seconds; one that says nothing for this long has lost the request. */
const answerTimeoutMs = 120_000;
/** All in all, so that a body coming byte by byte ends some day. */
const requestTimeoutMs = 300_000;

/** Opens a pool of kept-alive connections to one server. Redirects are never followed: they would carry the key along. */
export function openHttp(options: HttpOptions): Http {
  const pool = new Pool(options.origin, {
    connections: 16,
    pipelining: 1,
    keepAliveTimeout: 4_000,
    headersTimeout: answerTimeoutMs,
    bodyTimeout: answerTimeoutMs,
    connect: { timeout: connectTimeoutMs },
  });
  return {
    origin: options.origin,
    request: (request) => exchange(pool, options, request),
    stream: (request) => openStream(pool, options, request),
    close: () => pool.destroy(),
  };
}

async function exchange(pool: Pool, options: HttpOptions, request: HttpRequest): Promise<Answer> {
  const tell = teller(options, request);
  try {
    const answer = await readAnswer(await pool.request(dispatchOptions(options, request)), options);
    tell(describeAnswer(answer, answer.text.length));
    return answer;
  } catch (error) {
    throw told(tell, noAnswer(options.origin, error));
  }
}

async function openStream(pool: Pool, options: HttpOptions, request: HttpRequest): Promise<Answer | StreamedAnswer> {
  const tell = teller(options, request);
  try {
    const response = await pool.request(dispatchOptions(options, request));
    const [status, headers] = [response.statusCode, headersOf(response, formsOf(options.key ?? ''))];
    if (status === 200 && headers.get('content-type')?.startsWith('text/event-stream')) {
      return { status, headers, chunks: streamedChunks(response, { status, headers }, options.origin, tell) };
    }
    const answer = await readAnswer(response, options);
    tell(describeAnswer(answer, answer.text.length));
    return answer;
  } catch (error) {
    throw told(tell, noAnswer(options.origin, error));
  }
}

async function* streamedChunks(
  response: Dispatcher.ResponseData,
  head: Pick<Answer, 'status' | 'headers'>,
  origin: string,
  tell: (result: string) => void,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  try {
    for await (const chunk of limitedChunks(response, largestStream)) {
      size += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw told(tell, noAnswer(origin, error));
  }
  tell(describeAnswer(head, size));
}

/** Says how an exchange ended, with its size and how long it took. */
function teller(options: HttpOptions, request: HttpRequest): (result: string) => void {
  const started = performance.now();
  return (result) => {
    const size = request.body ? ` ${Buffer.byteLength(request.body)} B` : '';
    const ms = Math.round(performance.now() - started);
    options.onExchange?.(`${request.method} ${request.path}${size} -> ${result} (${ms} ms)`);
  };
}

function describeAnswer({ status, headers }: Pick<Answer, 'status' | 'headers'>, size: number): string {
  return `${status} ${headers.get('content-type') ?? ''} ${size} B`;
}

function told(tell: (result: string) => void, failure: NoAnswer): NoAnswer {
  tell(`no answer: ${failure.message}`);
  return failure;
}

function dispatchOptions(options: HttpOptions, request: HttpRequest): Dispatcher.RequestOptions {
  const timeout = AbortSignal.timeout(requestTimeoutMs);
  return {
    method: request.method,
    path: options.basePath + request.path,
    body: request.body ?? null,
    signal: request.signal ? AbortSignal.any([request.signal, timeout]) : timeout,
    headers: {
      accept: 'application/json',
      'user-agent': options.userAgent,
      ...(options.key !== undefined && { 'x-api-key': options.key }),
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...request.headers,
    },
  };
}

async function readAnswer(response: Dispatcher.ResponseData, { origin, key, keyFrom }: HttpOptions): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  let values = 0;
  for await (const chunk of limitedChunks(response, largestAnswer)) {
    chunks.push(chunk);
    values += countSeparators(chunk);
    if (values > mostValues)
      throw new AnswerTooLarge(`the answer is larger than ${mostValues} values`, true, undefined);
  }
  // What a server says back of the key is gone before anybody cuts it short or writes it down.
  const forms = formsOf(key ?? '');
  const text = redact(Buffer.concat(chunks).toString('utf8'), forms);
  const { statusCode: status } = response;
  return { status, headers: headersOf(response, forms), text, json: parseJson(text), origin, keyFrom };
}

async function* limitedChunks(response: Dispatcher.ResponseData, most: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > most) throw new AnswerTooLarge(`the answer is larger than ${most} bytes`, true, undefined);
    yield chunk;
  }
}

function headersOf(response: Dispatcher.ResponseData, forms: readonly string[]): ReadonlyMap<string, string> {
  return new Map(Object.entries(response.headers).map(([name, value]) => [name, redact(String(value), forms)]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
