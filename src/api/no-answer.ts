import { errors } from 'undici';
import { certificateFault } from './certificate-fault.ts';
import { describeProxy, type HttpProxy, proxyAuthorization } from './proxy.ts';

/** What is known besides the message. */
interface NoAnswerExtras {
  readonly cause?: unknown;
  /** What to look at or type next; if there are none, the usual hints are shown. */
  readonly hints?: readonly string[];
  /** Whether asking again would fail in the same way. */
  readonly settled?: boolean;
}

/** No answer, or only part of one. `sent` is false if the server cannot have seen the request. */
export class NoAnswer extends Error {
  readonly sent: boolean;
  readonly hints: readonly string[];
  readonly settled: boolean;
  constructor(message: string, sent: boolean, { cause, hints = [], settled = false }: NoAnswerExtras = {}) {
    super(message, { cause });
    this.sent = sent;
    this.hints = hints;
    this.settled = settled;
  }
}

/** There was an answer, but too large to read. Asking again would only bring it again. */
export class AnswerTooLarge extends NoAnswer {}

/** The connection was closed by its owner: nothing more is to be sent over it. */
export class ClosedHere extends NoAnswer {}

/** A proxy that did not open the way to the server; `status` is what it answered, if it did. */
export class ProxyFailure extends Error {
  readonly status: number | undefined;
  constructor(status: number | undefined, cause: unknown) {
    super('the proxy opened no tunnel', { cause });
    this.status = status;
  }
}

/** Where a request was meant to go. */
export interface Reaching {
  readonly origin: string;
  readonly proxy: HttpProxy | undefined;
}

/**
 * Codes of failures in which not a byte of the request has left this machine for the server. That a network is out of reach
 * proves this only while connecting, not for a connection in use, so its codes are not here.
 */
const beforeSending = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** Explains a failed exchange, for people and for code that may send it again. */
export function noAnswer(way: Reaching, error: unknown): NoAnswer {
  if (error instanceof NoAnswer) return error;
  if (isWithoutWasm(error)) return new NoAnswer(withoutWasm, false, { cause: error, hints: [takeOut], settled: true });
  if (isOutOfAddresses(error))
    return new NoAnswer(outOfAddresses, false, { cause: error, hints: [moreAddresses], settled: true });
  if (error instanceof ProxyFailure && way.proxy) return proxyFailed(way.origin, way.proxy, error);
  const certificate = certificateFault(errorCode(error), way.origin);
  // Asking again would meet the same certificate.
  if (certificate) {
    const { what, hints, sent } = certificate;
    return new NoAnswer(`${way.origin}: ${what}`, sent, { hints, settled: true, cause: error });
  }
  const sent = !failedToConnect(error);
  if (closedCodes.has(errorCode(error) ?? '')) {
    return new ClosedHere(`${way.origin}: the connection was closed on this side`, sent, {
      cause: error,
      hints: ['open another one with connect()'],
      settled: true,
    });
  }
  // For an http server, the connection that failed was to the proxy.
  if (!sent && way.proxy) return proxyFailed(way.origin, way.proxy, new ProxyFailure(undefined, error));
  const code = errorCode(error);
  const through = way.proxy ? ` through ${describeProxy(way.proxy)}` : '';
  const hints = !sent && farCodes.has(code ?? '') ? [checkAddress, nameProxy] : [];
  return new NoAnswer(`${way.origin}${through}: ${explain(error, code)}`, sent, { cause: error, hints });
}

/** Whether WebAssembly, with which undici reads answers, ran out of addresses: V8 reserves many to save access checks. */
function isOutOfAddresses(error: unknown): boolean {
  const inner = error instanceof ProxyFailure ? error.cause : error;
  return inner instanceof RangeError && /^WebAssembly\.\w+\(\): Out of memory/.test(inner.message);
}

/** Whether WebAssembly is turned off altogether. */
function isWithoutWasm(error: unknown): boolean {
  const inner = error instanceof ProxyFailure ? error.cause : error;
  return inner instanceof ReferenceError && inner.message.startsWith('WebAssembly');
}

const withoutWasm = 'answers cannot be read here: that takes WebAssembly, which is turned off';
const takeOut = 'take --jitless out of NODE_OPTIONS';

const outOfAddresses =
  'answers cannot be read here: WebAssembly reserves 10 GB of address space (most of it unused), ' +
  'which is more than this process may reserve';
const moreAddresses =
  'lift the limit with `ulimit -v unlimited`, ' +
  'or turn the reservation off: export NODE_OPTIONS=--disable-wasm-trap-handler';

const checkAddress = 'check --api-url and your network; nothing is lost: run the same command again';
const nameProxy = 'where only a proxy reaches the internet, name it with HTTPS_PROXY';

/** Codes of a connection that was closed on this side and cannot be used any more. */
const closedCodes = new Set(['UND_ERR_DESTROYED', 'UND_ERR_CLOSED']);

/** Codes that are typical if nothing outside the local network can be reached directly. */
const farCodes = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/** Explains a proxy's failure. It always comes before anything is sent to the server. */
function proxyFailed(origin: string, proxy: HttpProxy, failure: ProxyFailure): NoAnswer {
  const { host } = new URL(origin);
  const hints = [`check ${proxy.variable}; to bypass the proxy, set NO_PROXY=${host.replace(/:\d+$/, '')}`];
  const say = (what: string, settled: boolean, more: readonly string[] = hints) =>
    new NoAnswer(`${origin}: ${describeProxy(proxy)} ${what}`, false, { cause: failure, hints: more, settled });
  const { status, cause } = failure;
  if (status === 407) {
    const given = proxyAuthorization(proxy) !== undefined;
    return say(given ? 'does not take the user name and password given (407)' : 'asks for a user name (407)', true, [
      `write them into ${proxy.variable}: http://USER:PASSWORD@${proxy.url.host}`,
    ]);
  }
  if (status !== undefined) return say(`does not connect to ${host} (status ${status})`, status < 500);
  const certificate = certificateFault(errorCode(cause), proxy.url.origin);
  if (certificate) return say(certificate.what, true, certificate.hints);
  return say(explain(cause, errorCode(cause)), false);
}

/** Whether the connection was never made. One that broke in use may have carried the request. */
function failedToConnect(error: unknown): boolean {
  const { code, syscall } = (error instanceof AggregateError ? error.errors[0] : error) as NodeJS.ErrnoException;
  return beforeSending.has(code ?? '') || syscall === 'connect' || syscall === 'getaddrinfo';
}

const hangUpCodes = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Whether the server closed the connection instead of answering, as opposed to being away or slow. */
export function hungUp({ cause, sent }: NoAnswer): boolean {
  return sent && hangUpCodes.has(errorCode(cause) ?? '');
}

/** Returns an error's code. A host with several addresses fails with one error for all of them. */
function errorCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) return errorCode(error.errors[0]);
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

function explain(error: unknown, code: string | undefined): string {
  if (error instanceof errors.ConnectTimeoutError || code === 'ETIMEDOUT')
    return 'does not take connections (timed out)';
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError)
    return 'stopped answering';
  if ((error as Error).name === 'TimeoutError') return 'took too long to answer';
  if ((error as Error).name === 'AbortError') return 'the request was cut off by the user';
  if (code === 'ECONNREFUSED') return 'refuses connections: is a server running there?';
  if (code === 'ENOTFOUND') return 'no such host';
  if (code === 'EAI_AGAIN') return 'its name cannot be looked up (EAI_AGAIN)';
  return `the connection was lost (${code ?? (error as Error).message})`;
}
