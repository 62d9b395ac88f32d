import { elapsedMs } from '../elapsed.ts';
import { answerText, describeAnswer, headersOf, largestStream, sizeLimit, toAnswer } from './answer.ts';
import { type Carrier, openCarrier } from './carrier.ts';
import type { Elements } from './elements.ts';
import { type NoAnswer, noAnswer, ProxyFailure } from './no-answer.ts';
import type { HttpProxy } from './proxy.ts';
import { formsOf } from './redact.ts';
import { requireServer } from './server-id.ts';
import { type Head, openBody, readWhole, type Transfer } from './transfer.ts';

/** A request: its body is JSON or absent, its answer may be anything. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** The answer's elements to pass on while it arrives; `Answer.json` is without them. */
  readonly elements?: Elements;
}

/** A complete answer. `json` is undefined if the body is not JSON, whatever its content type claims. */
export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly json: unknown;
  /** Who answered, and where the key that was sent came from, if that is known. */
  readonly origin: string;
  readonly keyFrom: string | undefined;
  /** Whether a key was sent. */
  readonly hasKey: boolean;
}

/** An answer that comes piece by piece. Reading the pieces throws NoAnswer if the connection breaks. */
export interface StreamedAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly chunks: AsyncIterable<Uint8Array>;
}

export interface Http {
  readonly origin: string;
  /** Path that the server lives under, without a slash at its end. */
  readonly basePath: string;
  /** Errors: NoAnswer. */
  request(request: HttpRequest): Promise<Answer>;
  /** The same for an answer that may be an event stream; any other is read whole. Errors: NoAnswer. */
  stream(request: HttpRequest): Promise<Answer | StreamedAnswer>;
  /** From now on, a `request` that is answered with another server id fails. Error: checkpoint_mismatch. */
  bindTo(serverId: string): void;
  /** See `HttpOptions`. */
  readonly onSilence?: ((line: string) => void) | undefined;
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
  /** How long connecting may take, including the look-up of the host's name. */
  readonly connectTimeoutMs?: number;
  /** Called with a line for people if a request is repeated after ten seconds or more without an answer. */
  readonly onSilence?: (line: string) => void;
  /** Called once an exchange is over, with nothing secret in it. */
  readonly onExchange?: (line: string) => void;
}

/** A server that is busy storing takes seconds; one that says nothing for this long has lost the request. */
const answerTimeoutMs = 120_000;
/** Limit for a whole exchange, so that even a body that comes byte by byte ends. */
const requestTimeoutMs = 300_000;

/** Opens kept-alive connections to one server. Redirects are never followed: they would carry the key along. */
export function openHttp(options: HttpOptions): Http {
  const { origin, basePath, proxy, connectTimeoutMs = 10_000 } = options;
  const carrier = openCarrier({ origin, proxy, connectTimeoutMs, answerTimeoutMs });
  let expected: string | undefined;
  return {
    origin,
    basePath,
    onSilence: options.onSilence,
    async request(request) {
      const answer = await exchange(carrier, options, request);
      if (expected !== undefined) requireServer(answer, expected);
      return answer;
    },
    bindTo(serverId) {
      expected = serverId;
    },
    stream: (request) => openStream(carrier, options, request),
    close: () => carrier.dispatcher.destroy(),
  };
}

async function exchange(carrier: Carrier, options: HttpOptions, request: HttpRequest): Promise<Answer> {
  const tell = teller(options, request);
  const body = answerText(request.elements, options.key);
  try {
    const head = await readWhole(carrier.dispatcher, transferOf(carrier, options, request), body.take);
    refuseProxyAnswer(head, options);
    const answer = toAnswer(head, body.text(), options);
    tell(describeAnswer(answer, body.size));
    return answer;
  } catch (error) {
    throw told(tell, noAnswer(options, body.failure(error)));
  }
}

async function openStream(
  carrier: Carrier,
  options: HttpOptions,
  request: HttpRequest,
): Promise<Answer | StreamedAnswer> {
  const tell = teller(options, request);
  try {
    const { body, ...head } = await openBody(carrier.dispatcher, transferOf(carrier, options, request));
    const headers = headersOf(head, formsOf(options.key ?? ''));
    if (head.status === 200 && headers.get('content-type')?.startsWith('text/event-stream')) {
      return { status: 200, headers, chunks: streamedChunks(body, headers, options, tell) };
    }
    const whole = answerText();
    for await (const chunk of body) whole.take(chunk);
    refuseProxyAnswer(head, options);
    const answer = toAnswer(head, whole.text(), options);
    tell(describeAnswer(answer, whole.size));
    return answer;
  } catch (error) {
    throw told(tell, noAnswer(options, error));
  }
}

/** Error: ProxyFailure if a proxy answered instead of the server (407). */
function refuseProxyAnswer({ status }: Head, { proxy }: HttpOptions): void {
  if (status === 407 && proxy) throw new ProxyFailure(407, undefined);
}

/** Yields the pieces of an event stream. Errors: NoAnswer, which may be AnswerTooLarge. */
async function* streamedChunks(
  body: AsyncIterable<Uint8Array>,
  headers: Answer['headers'],
  options: HttpOptions,
  tell: (result: string) => void,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  try {
    const limit = sizeLimit(largestStream);
    for await (const chunk of body) {
      size = limit(chunk);
      yield chunk;
    }
  } catch (error) {
    throw told(tell, noAnswer(options, error));
  }
  tell(describeAnswer({ status: 200, headers }, size));
}

/** Returns a function that reports how an exchange ended, with its size and how long it took. */
function teller(options: HttpOptions, request: HttpRequest): (result: string) => void {
  const started = elapsedMs();
  return (result) => {
    const size = request.body ? ` ${Buffer.byteLength(request.body)} B` : '';
    const ms = Math.round(elapsedMs() - started);
    options.onExchange?.(`${request.method} ${request.path}${size} -> ${result} (${ms} ms)`);
  };
}

function told(tell: (result: string) => void, failure: NoAnswer): NoAnswer {
  tell(`no answer: ${failure.message}`);
  return failure;
}

function transferOf(carrier: Carrier, options: HttpOptions, request: HttpRequest): Transfer {
  const headers = {
    accept: 'application/json',
    // Without it a server may choose any coding.
    'accept-encoding': 'identity',
    'user-agent': options.userAgent,
    ...(options.key !== undefined && { 'x-api-key': options.key }),
    ...(request.body !== undefined && { 'content-type': 'application/json' }),
    ...request.headers,
  };
  return {
    options: {
      method: request.method,
      body: request.body ?? null,
      ...carrier.address(options.basePath + request.path, headers),
    },
    signal: request.signal,
    timeoutMs: requestTimeoutMs,
  };
}
