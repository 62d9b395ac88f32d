import { setTimeout as sleep } from 'node:timers/promises';
import { elapsedMs } from '../elapsed.ts';
import { AppError } from '../errors.ts';
import type * as z from '../schema.ts';
import type { RequestWindow } from '../upload/pacer.ts';
import { nextWait } from '../upload/patience.ts';
import { isCutOff } from './answer.ts';
import { higherLimits, isTransient, permanentError, readComplaint, retryAfterMs } from './answer-errors.ts';
import type { Answer, Http, HttpRequest } from './http.ts';
import { AnswerTooLarge, NoAnswer } from './no-answer.ts';
import { fullWindow } from './request-window.ts';
import { serverTime } from './server-time.ts';
import { tellSilence } from './silence.ts';

/** Milliseconds to wait before the second, third and fourth try of a request that may be repeated. */
const waitsMs = [300, 1000, 3000];
/** A server that asks for a longer pause than this is not waited for here. */
const longestWaitMs = 30_000;

/** How often a web page in place of an answer is retried. */
const mostPages = 2;

/** How a request is repeated. */
interface Repeating {
  /** Accept a web page as an answer right away. */
  readonly pageToo?: boolean;
  /** Returns what is left to ask for after a lost answer; undefined if nothing is. */
  readonly rest?: () => Promise<HttpRequest | undefined>;
}

/**
 * Sends a request that may be repeated without harm, and retries while the server is away or busy. Half an answer counts as
 * none. A web page instead of JSON is a gateway's, so the request is sent up to twice more, unless `pageToo`.
 * Errors: unreachable, server_failing, paused (a full window).
 */
export async function askAgain(http: Http, request: HttpRequest, pageToo = false): Promise<Answer> {
  return (await attempts(http, request, { pageToo })) as Answer;
}

/**
 * Like `askAgain`, for requests that a server would carry out a second time: after a lost answer, `rest` finds out what was
 * done and returns what is left to ask for. Returns undefined if that is nothing. Errors: those of `askAgain` and of `rest`.
 */
export function askRest(
  http: Http,
  request: HttpRequest,
  rest: () => Promise<HttpRequest | undefined>,
): Promise<Answer | undefined> {
  return attempts(http, request, { rest });
}

async function attempts(http: Http, first: HttpRequest, how: Repeating): Promise<Answer | undefined> {
  let request: HttpRequest | undefined = first;
  let sent = false;
  let pages = how.pageToo ? mostPages : 0;
  for (let attempt = 0; request; attempt++) {
    const asked = elapsedMs();
    const result = await http.request(request).catch((error: unknown) => asNoAnswer(error));
    const wait = waitsMs[attempt];
    if (result instanceof NoAnswer) {
      if (result instanceof AnswerTooLarge) throw tooLarge(result);
      sent ||= result.sent;
      if (wait === undefined || result.settled || request.signal?.aborted) throw unreachable(result, sent);
      tellSilence(http, elapsedMs() - asked, `${attempt + 2} of ${waitsMs.length + 1}`);
      await pause(wait, request.signal);
    } else {
      if (isFinal(result) && (!isPage(result) || pages++ >= mostPages)) return result;
      await pause(waitAfter(result, request, wait), request.signal);
    }
    const isLost = result instanceof NoAnswer ? result.sent : result.status !== 429;
    if (isLost && how.rest) request = await how.rest();
  }
  return undefined;
}

/** Whether asking again would bring the same answer, judging by its status and whether it is complete. */
function isFinal(answer: Answer): boolean {
  return !isTransient(answer.status) && !isCutOff(answer);
}

/** Whether a success is not JSON: a gateway's page, which is temporary, or there is no Neuronpedia behind the address. */
function isPage({ status, json }: Answer): boolean {
  return json === undefined && status >= 200 && status < 300;
}

/** Milliseconds before the next try. Errors: paused (a full window); server_failing if there is to be no next try. */
function waitAfter(answer: Answer, request: HttpRequest, wait: number | undefined): number {
  const window = fullWindow(answer);
  if (window) throw windowFull(answer, window);
  const asked = retryAfterMs(answer);
  if (wait === undefined || (asked ?? 0) > longestWaitMs) throw failing(request, answer, asked);
  return nextWait(wait === waitsMs[0], asked, wait);
}

/** Returns the `paused` error for a full window: it does not open soon enough for another try to succeed. */
function windowFull(answer: Answer, window: RequestWindow): AppError {
  const { limit, ms, opensInMs: waitMs } = window;
  const opens = reopening(answer, waitMs);
  const message = `the server allows ${limit} of these requests in ${Math.round(ms / 60_000)} minutes`;
  return new AppError('paused', `${message}, and that limit is used up: ${readComplaint(answer).message}`, {
    hints: [`run the same command again after ${opens.resume_at}`, higherLimits],
    details: { status: answer.status, ...opens },
  });
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
}

/** Returns a NoAnswer. Rethrows anything else: the error for an answer from another server, or a bug. */
function asNoAnswer(error: unknown): NoAnswer {
  if (error instanceof NoAnswer) return error;
  throw error;
}

/** Makes the error for a request without an answer; `sent` says whether a server may have seen it, or an earlier try. */
export function unreachable(error: NoAnswer, sent: boolean): AppError {
  return new AppError('unreachable', error.message, {
    hints:
      error.hints.length > 0
        ? error.hints
        : ['check --api-url and your network; nothing is lost: run the same command again'],
    details: { sent },
    cause: error,
  });
}

function tooLarge(cause: AnswerTooLarge): AppError {
  return new AppError('server_failing', cause.message, { details: { tooLarge: true }, cause });
}

const later = 'run the same command again later; progress is saved';

function failing(request: HttpRequest, answer: Answer, asked: number | undefined): AppError {
  const pause = asked === undefined ? '' : ` and asks to wait ${Math.ceil(asked / 1000)} s`;
  const said = isCutOff(answer) ? 'its answer is cut off' : readComplaint(answer).message;
  return new AppError('server_failing', `${request.method} ${request.path}: the server is failing: ${said}${pause}`, {
    hints: [later],
    details: { status: answer.status, ...(asked !== undefined && reopening(answer, asked)) },
  });
}

/** When the server takes requests again, from the wait that its answer asks for or implies. */
function reopening(answer: Answer, waitMs: number) {
  return {
    resume_at: new Date(serverTime(answer) + waitMs).toISOString(),
    wait_s: Math.ceil(waitMs / 1000),
  };
}

/** Sends JSON, expects a success that fits `schema`. Errors: those of `askAgain`, permanentError, not_neuronpedia. */
export async function ask<T>(http: Http, request: HttpRequest, schema: z.ZodMiniType<T>, doing: string): Promise<T> {
  return readOrRefuse(await askAgain(http, request), schema, doing);
}

/** The JSON of a success, or the refusal as an error. Errors: permanentError, not_neuronpedia. */
export function readOrRefuse<T>(answer: Answer, schema: z.ZodMiniType<T>, doing: string): T {
  if (answer.status < 200 || answer.status > 299) throw permanentError(answer, doing);
  return readAs(answer, schema, doing);
}

/** Parses an answer's JSON with `schema`. Error: not_neuronpedia. */
export function readAs<T>(answer: Answer, schema: z.ZodMiniType<T>, doing: string): T {
  const parsed = schema.safeParse(answer.json);
  if (parsed.success) return parsed.data;
  const found = answer.json === undefined ? readComplaint(answer).message : describeIssue(parsed.error.issues[0]);
  throw senseless(doing, found);
}

/** Says what is wrong with an answer, and where. */
export function describeIssue(issue: z.core.$ZodIssue | undefined, within: readonly PropertyKey[] = []): string {
  const path = [...within, ...(issue?.path ?? [])];
  return `${issue?.message}${path.length > 0 ? ` at ${path.join('.')}` : ''}`;
}

/** The error for an answer that no Neuronpedia server gives. */
export function senseless(doing: string, found: string): AppError {
  return new AppError('not_neuronpedia', `${doing}: unexpected answer from the server: ${found}`, {
    hints: ['is --api-url the address of a Neuronpedia server?'],
  });
}

/** Checks that an answer is about what was asked and not about something else. Error: not_neuronpedia. */
export function requireAsked(found: Record<string, unknown>, asked: Record<string, string>, doing: string): void {
  for (const [key, value] of Object.entries(asked)) {
    if (found[key] === value) continue;
    const said = typeof found[key] === 'string' ? JSON.stringify(found[key].slice(0, 100)) : typeof found[key];
    throw senseless(doing, `${key} is ${said}, not "${value}"`);
  }
}

/** Makes a POST request, with a JSON body if there is one. */
export function postJson(path: string, body?: unknown, signal?: AbortSignal): HttpRequest {
  return { method: 'POST', path, ...(body !== undefined && { body: JSON.stringify(body) }), ...(signal && { signal }) };
}
