import { AppError, type ErrorCode } from '../errors.ts';
import * as z from '../schema.ts';
import type { Answer } from './http.ts';
import { oneLine } from './one-line.ts';
import { serverTime } from './server-time.ts';
import { loginAt } from './server-url.ts';

const errorBody = z.looseObject({
  error: z.optional(z.string()),
  message: z.optional(z.string()),
  code: z.optional(z.string()),
  path: z.optional(z.string()),
});

/** What an answer that is not a success says, whichever shape the server gave it. */
export interface Complaint {
  readonly status: number;
  readonly message: string;
  readonly code: string | undefined;
  readonly path: string | undefined;
}

/** Longer pages and messages are cut: an error is a line, not a document. */
const longestMessage = 300;

/** Reads the error out of an answer. Every shape seen so far is understood; anything else is described by its status. */
export function readComplaint(answer: Answer): Complaint {
  const parsed = errorBody.safeParse(answer.json);
  const fields = parsed.success ? parsed.data : {};
  const said = fields.error ?? fields.message ?? describeBody(answer);
  const message = oneLine(said.slice(0, longestMessage));
  return { status: answer.status, message, code: fields.code, path: fields.path && oneLine(fields.path) };
}

function describeBody(answer: Answer): string {
  const type = answer.headers.get('content-type') ?? '';
  if (answer.text === '') return `status ${answer.status} with an empty body`;
  if (type.includes('html') || /^\s*</.test(answer.text)) return `status ${answer.status} with a web page`;
  return `status ${answer.status}: ${answer.text.slice(0, longestMessage)}`;
}

/** Codes of the upload protocol, and the error codes that they become here. */
const codeOf: ReadonlyMap<string | undefined, ErrorCode> = new Map([
  ['authentication_failed', 'authentication_failed'],
  ['upload_not_permitted', 'upload_not_permitted'],
  ['private_requires_paid_plan', 'cannot_be_stored'],
  ['feature_exists', 'feature_exists'],
]);

/**
 * Returns the error for an answer that will be the same however often we ask. Its code is `otherwise` unless the server
 * names one that is known here.
 */
export function permanentError(
  answer: Answer,
  doing: string,
  otherwise: ErrorCode = answer.status === 401 ? 'authentication_failed' : 'refused',
): AppError {
  const complaint = readComplaint(answer);
  const code = codeOf.get(complaint.code) ?? otherwise;
  const where = complaint.path === undefined ? '' : ` (at ${complaint.path})`;
  return new AppError(code, `${doing}: the server refused: ${complaint.message}${where}`, {
    hints: hintsFor(answer, code, complaint),
    details: { status: answer.status, serverCode: complaint.code, path: complaint.path },
  });
}

/** The contact that the user's page on the server names for more than a tier allows. */
export const higherLimits = 'to ask for higher limits, write to support@neuronpedia.org';

function hintsFor(answer: Answer, code: ErrorCode, complaint: Complaint): string[] {
  const { origin, keyFrom } = answer;
  const key = keyFrom === undefined ? 'the key' : `the key from ${keyFrom}`;
  if (code === 'authentication_failed') {
    return [
      answer.hasKey
        ? `${origin} does not take ${key}: check that it is correct and whole`
        : `${origin} asks for a key, and none was given`,
      `keys are made at ${origin}/settings; ${anotherKey(answer)}`,
    ];
  }
  if (code === 'upload_not_permitted') {
    return [
      `${key} may not upload: give it upload permission at ${origin}/settings, or make another there`,
      anotherKey(answer),
    ];
  }
  if (complaint.code === 'private_requires_paid_plan') {
    return ['private uploads need a paid plan; without --visibility private the upload works, but anyone can see it'];
  }
  if (complaint.code === 'invalid_vector_dimension') {
    return [
      `a vector has as many values as the model's residual stream is wide, and ${origin} goes by its own record of that`,
      'check --model, --hook and --orientation; if that record is wrong, support@neuronpedia.org can correct it',
    ];
  }
  if (code === 'feature_exists') {
    return ['nothing is overwritten: remove the old features with `neuronpedia delete`, or choose another --sae-id'];
  }
  const location = answer.headers.get('location');
  if (answer.status >= 300 && answer.status < 400 && location) {
    return [
      `the server redirects to ${location}; redirects are not followed with a key: name that server with --api-url`,
    ];
  }
  return [
    `if that looks wrong, run again with --verbose to see the request and answer, and ask whoever runs ${origin}`,
  ];
}

/** How to replace a refused key. If the variable gave it, that may have to be unset before a stored key is used. */
function anotherKey({ origin, keyFrom }: Answer): string {
  const login = `store another with: ${loginAt(origin)}`;
  return keyFrom === 'NEURONPEDIA_API_KEY' ? `set NEURONPEDIA_API_KEY to another, or unset it and ${login}` : login;
}

/** A longer pause says nothing about when to come back, and may lead past the last instant that a Date can hold. */
export const longestPauseMs = 366 * 86_400_000;

/** How long the server asks to wait: `Retry-After` in seconds or as a date; undefined if it does not say. */
export function retryAfterMs(answer: Answer): number | undefined {
  const value = answer.headers.get('retry-after');
  if (value === undefined) return undefined;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - serverTime(answer);
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), longestPauseMs);
}

/** Whether asking again may help. Any other status is permanent, also 501: a server will not learn a method it lacks. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status !== 501);
}
