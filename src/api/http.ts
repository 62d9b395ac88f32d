import { type Dispatcher, errors, Pool } from 'undici';

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

/** No answer, or not all of one. `sent` is false where the server cannot have seen the request. */
export class NoAnswer extends Error {
  readonly sent: boolean;
  constructor(message: string, sent: boolean, cause: unknown) {
    super(message, { cause });
    this.sent = sent;
  }
}

/** There was an answer, but more of it than is read: asking again would only bring it again. */
export class AnswerTooLarge extends NoAnswer {}

export interface Http {
  readonly origin: string;
  /** Errors: NoAnswer. */
  request(request: HttpRequest): Promise<Answer>;
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
    close: () => pool.destroy(),
  };
}

async function exchange(pool: Pool, options: HttpOptions, request: HttpRequest): Promise<Answer> {
  const started = performance.now();
  const tell = (result: string) => {
    const size = request.body ? ` ${Buffer.byteLength(request.body)} B` : '';
    const ms = Math.round(performance.now() - started);
    options.onExchange?.(`${request.method} ${request.path}${size} -> ${result} (${ms} ms)`);
  };
  try {
    const response = await pool.request(dispatchOptions(options, request));
    const answer = { ...(await readAnswer(response)), origin: options.origin, keyFrom: options.keyFrom };
    tell(`${answer.status} ${answer.headers.get('content-type') ?? ''} ${answer.text.length} B`);
    return answer;
  } catch (error) {
    const failure = error instanceof NoAnswer ? error : noAnswer(options.origin, error);
    tell(`no answer: ${failure.message}`);
    throw failure;
  }
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

async function readAnswer(response: Dispatcher.ResponseData): Promise<Omit<Answer, 'origin' | 'keyFrom'>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > largestAnswer)
      throw new AnswerTooLarge(`the answer is larger than ${largestAnswer} bytes`, true, undefined);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const headers = new Map(Object.entries(response.headers).map(([name, value]) => [name, String(value)]));
  return { status: response.statusCode, headers, text, json: parseJson(text) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Failures in which not a byte of the request has left this machine for the server. */
const beforeSending = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function noAnswer(origin: string, error: unknown): NoAnswer {
  const code = errorCode(error);
  const sent = code === undefined || !beforeSending.has(code);
  return new NoAnswer(`${origin}: ${explain(error, code)}`, sent, error);
}

/** A host with several addresses fails with one error for all of them. */
function errorCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) return errorCode(error.errors[0]);
  return (error as NodeJS.ErrnoException).code;
}

function explain(error: unknown, code: string | undefined): string {
  if (error instanceof errors.ConnectTimeoutError) return 'does not take connections (timed out)';
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError)
    return 'stopped answering';
  if ((error as Error).name === 'TimeoutError') return 'took too long to answer';
  if ((error as Error).name === 'AbortError') return 'the request was cut off by the user';
  if (code === 'ECONNREFUSED') return 'refuses connections: is a server running there?';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'no such host';
  return `the connection was lost (${code ?? (error as Error).message})`;
}
