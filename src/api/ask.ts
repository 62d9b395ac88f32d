import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { AppError } from '../errors.ts';
import type { RequestWindow } from '../upload/pacer.ts';
import { higherLimits, isTransient, permanentError, readComplaint, retryAfterMs } from './answer-errors.ts';
import { type Answer, AnswerTooLarge, type Http, type HttpRequest, NoAnswer } from './http.ts';
import { fullWindow } from './request-window.ts';

/** Waits before the second, third and fourth try of a request that may be repeated. */
const waitsMs = [300, 1000, 3000];
/** A server that asks for a longer pause than this is not waited for here. */
const longestWaitMs = 30_000;

/**
 * Sends a request that may be repeated without harm, and again while the server is away or busy.
 * Errors: unreachable, server_failing.
 */
export async function askAgain(http: Http, request: HttpRequest): Promise<Answer> {
  let sent = false;
  for (let attempt = 0; ; attempt++) {
    const result = await http.request(request).catch((error: unknown) => asNoAnswer(error));
    const wait = waitsMs[attempt];
    if (!(result instanceof NoAnswer)) {
      if (!isTransient(result.status)) return result;
      const window = fullWindow(result);
      if (window) throw windowFull(result, window, Date.now());
      const asked = retryAfterMs(result);
      if (wait === undefined || (asked ?? 0) > longestWaitMs) throw failing(request, result, asked);
      await pause(asked ?? wait, request.signal);
    } else {
      if (result instanceof AnswerTooLarge) throw new AppError('server_failing', result.message, { cause: result });
      sent ||= result.sent;
      if (wait === undefined || result.settled || request.signal?.aborted) throw unreachable(result, sent);
      await pause(wait, request.signal);
    }
  }
}

/** A full window is no moment's matter: trying again at once would only be refused again. Error: paused. */
function windowFull(answer: Answer, { limit, ms }: RequestWindow, now: number): AppError {
  const resumeAt = new Date((Math.floor(now / ms) + 1) * ms);
  const message = `the server takes ${limit} of these requests in ${Math.round(ms / 60_000)} minutes, and has had them`;
  return new AppError('paused', `${message}: ${readComplaint(answer).message}`, {
    hints: [`run the same command again after ${resumeAt.toISOString()}`, higherLimits],
    details: { status: answer.status, resume_at: resumeAt.toISOString() },
  });
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
}

/** Anything but NoAnswer is a bug and goes on up. */
function asNoAnswer(error: unknown): NoAnswer {
  if (error instanceof NoAnswer) return error;
  throw error;
}

function unreachable(error: NoAnswer, sent: boolean): AppError {
  return new AppError('unreachable', error.message, {
    hints:
      error.hints.length > 0
        ? error.hints
        : ['check --api-url and your network; nothing is lost: run the same command again'],
    details: { sent },
    cause: error,
  });
}

function failing(request: HttpRequest, answer: Answer, asked: number | undefined): AppError {
  const pause = asked === undefined ? '' : ` and asks to wait ${Math.ceil(asked / 1000)} s`;
  return new AppError(
    'server_failing',
    `${request.method} ${request.path}: the server is failing: ${readComplaint(answer).message}${pause}`,
    {
      hints: ['run the same command again later; progress is saved'],
      details: { status: answer.status },
    },
  );
}

/** Sends JSON, expects a success that fits `schema`. Errors: those of `askAgain`, permanentError, not_neuronpedia. */
export async function ask<T>(http: Http, request: HttpRequest, schema: z.ZodType<T>, doing: string): Promise<T> {
  return readOrRefuse(await askAgain(http, request), schema, doing);
}

/** The JSON of a success, or the refusal as an error. Errors: permanentError, not_neuronpedia. */
export function readOrRefuse<T>(answer: Answer, schema: z.ZodType<T>, doing: string): T {
  if (answer.status < 200 || answer.status > 299) throw permanentError(answer, doing);
  return readAs(answer, schema, doing);
}

/** An answer's JSON as `schema` has it. Error: not_neuronpedia. */
export function readAs<T>(answer: Answer, schema: z.ZodType<T>, doing: string): T {
  const parsed = schema.safeParse(answer.json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue && issue.path.length > 0 ? ` at ${issue.path.join('.')}` : '';
  const found = answer.json === undefined ? readComplaint(answer).message : `${issue?.message}${where}`;
  throw new AppError('not_neuronpedia', `${doing}: the server's answer makes no sense: ${found}`, {
    hints: ['is --api-url the address of a Neuronpedia server?'],
  });
}

/** A JSON request. */
export function postJson(path: string, body?: unknown, signal?: AbortSignal): HttpRequest {
  return { method: 'POST', path, ...(body !== undefined && { body: JSON.stringify(body) }), ...(signal && { signal }) };
}
