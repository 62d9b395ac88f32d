import { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import { isTransient, permanentError, readComplaint, retryAfterMs } from './answer-errors.ts';
import type { Answer } from './http.ts';
import type { NoAnswer } from './no-answer.ts';
import { fullWindow } from './request-window.ts';
import { serverTime } from './server-time.ts';
import type { Completions } from './steer-request.ts';

/** Returns the error for a server that did not steer, with what a person can do about it. */
export function explainRefusal(answer: Answer): AppError {
  if (answer.status === 429) return overLimit(answer);
  const { message } = readComplaint(answer);
  const details = { status: answer.status };
  if (answer.json === undefined && answer.status === 404) {
    return new AppError('refused', `the server does not support steering (${message})`, { details });
  }
  if (isTransient(answer.status)) {
    const hints = ['the model behind the server may be busy, or not run there at all: try again in a while'];
    return new AppError('server_failing', `steering: the server is failing: ${message}`, { hints, details });
  }
  return permanentError(answer, 'steering');
}

/** The public server's limits count the requests from one network address, whatever the key. */
const whatCounts =
  'the limit counts all requests from your network address in the last hour, ' +
  'including those of other people who share it';

function overLimit(answer: Answer): AppError {
  const { message } = readComplaint(answer);
  const window = fullWindow(answer);
  const asked = retryAfterMs(answer);
  const waitMs = asked ?? window?.opensInMs;
  const resumeAt = waitMs === undefined ? undefined : new Date(serverTime(answer) + waitMs).toISOString();
  const shown = window ? `: ${window.limit} requests in ${window.said}` : '';
  return new AppError('paused', `steering: the server's limit is reached${shown}`, {
    hints: [
      asked === undefined
        ? `${whatCounts}: try again ${resumeAt ? `after ${resumeAt}` : 'in some minutes'}`
        : `the server asks to wait ${Math.ceil(asked / 1000)} s`,
    ],
    details: {
      status: answer.status,
      said: message,
      ...(resumeAt !== undefined && { resume_at: resumeAt }),
    },
  });
}

const errorBody = z.looseObject({ error: z.optional(z.unknown()), message: z.optional(z.unknown()) });

/** Returns the error that a stream event reports, if any: `{"error": …}` or `{"message": …}`. */
export function errorFrame(json: unknown): AppError | undefined {
  const said = errorBody.safeParse(json);
  if (!said.success) return undefined;
  const { error, message } = said.data;
  const text = [error, message].find((value) => typeof value === 'string' && value !== '');
  if (text === undefined && (error === undefined || error === null || error === false)) return undefined;
  const shown = String(text ?? JSON.stringify(error)).slice(0, 300);
  return new AppError('server_failing', `steering: the server failed in mid-answer: ${shown}`, {
    hints: ['run the same command again'],
  });
}

/** The error for an answer that ended before both completions did. What arrived of them goes into the details. */
export function brokenOff({ plain, steered }: Completions, cause: unknown): AppError {
  const missing = [plain === null && 'default', steered === null && 'steered'].filter(Boolean).join(' and the ');
  const why = cause instanceof Error ? cause.message : `the answer ended without the ${missing} completion`;
  return new AppError('server_failing', `steering: the server broke off: ${why}`, {
    hints: ['run the same command again; with --no-stream the server says why it fails'],
    details: { default: plain, steered },
    cause,
  });
}

/** The error for no answer at all. */
export function unreachable(error: NoAnswer): AppError {
  return new AppError('unreachable', error.message, {
    hints: error.hints.length > 0 ? error.hints : [usualHint(error)],
    cause: error,
  });
}

function usualHint({ sent }: NoAnswer): string {
  return sent
    ? 'the model behind the server may be busy or not run there: try again in a while'
    : 'check --api-url and your network';
}
