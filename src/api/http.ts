import type { Dispatcher } from 'undici';
import { describeAnswer, headersOf, readAnswer, streamChunks } from './answer.ts';
import { type Carrier, openCarrier } from './carrier.ts';
import { type NoAnswer, noAnswer, ProxyFailure } from './no-answer.ts';
import type { HttpProxy } from './proxy.ts';
import { formsOf } from './redact.ts';

export { AnswerTooLarge, NoAnswer } from './no-answer.ts';

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
  readonly proxy: HttpProxy | undefined;
  /** How long a connection may take, the look-up of the host's name included. */
  readonly connectTimeoutMs?: number;
  /** Called once an exchange is over, with nothing secret in it. */
  readonly onExchange?: (line: string) => void;
}

/** A server that is busy storing takes seconds; one that says nothing for this long has lost the request. */
const answerTimeoutMs = 120_000;
/** All in all, so that a body coming byte by byte ends some day. */
const requestTimeoutMs = 300_000;

/** Opens kept-alive connections to one server. Redirects are never followed: they would carry the key along. */
export function openHttp(options: HttpOptions): Http {
  const { origin, proxy, connectTimeoutMs = 10_000 } = options;
  const carrier = openCarrier({ origin, proxy, connectTimeoutMs, answerTimeoutMs });
  return {
    origin,
    request: (request) => exchange(carrier, options, request),
    stream: (request) => openStream(carrier, options, request),
    close: () => carrier.dispatcher.destroy(),
  };
}

/** Errors: those of the connection, and ProxyFailure for a proxy that answers instead of the server. */
async function send(carrier: Carrier, options: HttpOptions, request: HttpRequest): Promise<Dispatcher.ResponseData> {
  const response = await carrier.dispatcher.request(dispatchOptions(carrier, options, request));
  if (response.statusCode !== 407 || !options.proxy) return response;
  await response.body.dump();
  throw new ProxyFailure(407, undefined);
}

async function exchange(carrier: Carrier, options: HttpOptions, request: HttpRequest): Promise<Answer> {
  const tell = teller(options, request);
  try {
    const answer = await readAnswer(await send(carrier, options, request), options);
    tell(describeAnswer(answer, answer.text.length));
    return answer;
  } catch (error) {
    throw told(tell, noAnswer(options, error));
  }
}

async function openStream(
  carrier: Carrier,
  options: HttpOptions,
  request: HttpRequest,
): Promise<Answer | StreamedAnswer> {
  const tell = teller(options, request);
  try {
    const response = await send(carrier, options, request);
    const [status, headers] = [response.statusCode, headersOf(response, formsOf(options.key ?? ''))];
    if (status === 200 && headers.get('content-type')?.startsWith('text/event-stream')) {
      return { status, headers, chunks: streamedChunks(response, { status, headers }, options, tell) };
    }
    const answer = await readAnswer(response, options);
    tell(describeAnswer(answer, answer.text.length));
    return answer;
  } catch (error) {
    throw told(tell, noAnswer(options, error));
  }
}

async function* streamedChunks(
  response: Dispatcher.ResponseData,
  head: Pick<Answer, 'status' | 'headers'>,
  options: HttpOptions,
  tell: (result: string) => void,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  try {
    for await (const chunk of streamChunks(response)) {
      size += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw told(tell, noAnswer(options, error));
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

function told(tell: (result: string) => void, failure: NoAnswer): NoAnswer {
  tell(`no answer: ${failure.message}`);
  return failure;
}

function dispatchOptions(carrier: Carrier, options: HttpOptions, request: HttpRequest): Dispatcher.RequestOptions {
  const timeout = AbortSignal.timeout(requestTimeoutMs);
  return {
    method: request.method,
    body: request.body ?? null,
    signal: request.signal ? AbortSignal.any([request.signal, timeout]) : timeout,
    ...carrier.address(options.basePath + request.path, {
      accept: 'application/json',
      'user-agent': options.userAgent,
      ...(options.key !== undefined && { 'x-api-key': options.key }),
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...request.headers,
    }),
  };
}
