import { errors } from 'undici';

/** No answer, or not all of one. `sent` is false where the server cannot have seen the request. */
export class NoAnswer extends Error {
  readonly sent: boolean;
  constructor(message: string, sent: boolean, cause: unknown) {
    super(message, { cause });
    this.sent = sent;
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

/** What a failed exchange means, for people and for whoever may send it again. */
export function noAnswer(origin: string, error: unknown): NoAnswer {
  if (error instanceof NoAnswer) return error;
  const code = errorCode(error);
  const sent = code === undefined || !beforeSending.has(code);
  return new NoAnswer(`${origin}: ${explain(error, code)}`, sent, error);
}

const hangUpCodes = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/** Whether the server closed the connection instead of answering, as opposed to being away or slow. */
export function hungUp({ cause, sent }: NoAnswer): boolean {
  return sent && hangUpCodes.has(errorCode(cause) ?? '');
}

/** A host with several addresses fails with one error for all of them. */
function errorCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) return errorCode(error.errors[0]);
  return (error as NodeJS.ErrnoException | undefined)?.code;
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
