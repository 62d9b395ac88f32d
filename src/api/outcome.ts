import * as z from '../schema.ts';
import { steadyNow } from '../steady-clock.ts';
import type { Outcome } from '../upload/delivery.ts';
import type { Pacer } from '../upload/pacer.ts';
import { longestWaitMs } from '../upload/patience.ts';
import { isTransient, permanentError, readComplaint, retryAfterMs } from './answer-errors.ts';
import { unreachable } from './ask.ts';
import type { Answer, Http, HttpRequest } from './http.ts';
import { ClosedHere, NoAnswer } from './no-answer.ts';
import { fullWindow, remainingRequests } from './request-window.ts';
import { instant } from './schemas.ts';
import { serverTime } from './server-time.ts';

const quotaBody = z.looseObject({
  code: z.literal('rate_limit_exceeded'),
  features: z.looseObject({
    limit: z.nullable(z.int()),
    used: z.int(),
    resetsAt: instant,
  }),
});

/**
 * Sends an upload; returns a 200 or 201 with JSON as it is, else what became of it. Only this place tells permanent, transient and
 * unknown apart: a refusal is certain, a request that never left was not stored, and after anything else it may have been.
 * Error: unreachable if the connection was closed on this side.
 */
export async function sendUpload(
  http: Http,
  request: HttpRequest,
  doing: string,
  pacer: Pacer,
): Promise<Outcome | Answer> {
  pacer.began();
  let remaining: number | undefined;
  try {
    const answer = await http.request(request);
    remaining = remainingRequests(answer);
    const isDone = answer.status === 200 || answer.status === 201;
    return isDone && answer.json !== undefined ? answer : classify(answer, doing, pacer);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    // Whoever closed it does not want it to be tried again. The intent in the journal stays, for the next run to settle.
    if (error instanceof ClosedHere) throw unreachable(error, error.sent);
    const why = error.message;
    return error.sent
      ? { type: 'unknown', answered: false, waitMs: undefined, why }
      : { type: 'busy', waitMs: undefined, why };
  } finally {
    pacer.ended(remaining);
  }
}

const createdBody = z.looseObject({ message: z.string() });

/**
 * Reads the answer to a batch, such as `128 features created.` Anything else may be a gateway's, and proves nothing.
 * `count` is how many were sent; undefined accepts any number. With `atMost` the server may leave rows out that it has.
 */
export function storedIfCreated({ json }: Answer, count: number | undefined, atMost = false): Outcome {
  const { data } = createdBody.safeParse(json);
  const [, created] = /^(\d+) \w+ created\b/.exec(data?.message ?? '') ?? [];
  const isAll = count === undefined || Number(created) === count || (atMost && Number(created) < count);
  if (created !== undefined && isAll) return { type: 'stored' };
  return notSaid({ json }, `that it created ${count ?? 'any'} ${count === 1 ? 'row' : 'rows'}`);
}

/** The outcome of a success that does not say what it should. It may be a gateway's: what the server did is unknown. */
export function notSaid({ json }: Pick<Answer, 'json'>, what: string): Outcome {
  const why = `the server did not say ${what}; it said ${JSON.stringify(json).slice(0, 100)}`;
  return { type: 'unknown', answered: false, waitMs: undefined, why };
}

function classify(answer: Answer, doing: string, pacer: Pacer): Outcome {
  const why = readComplaint(answer).message;
  const window = fullWindow(answer);
  if (window) {
    pacer.refused(window, steadyNow());
    return { type: 'limited', why };
  }
  const quota = quotaBody.safeParse(answer.json);
  if (answer.status === 429 && quota.success && !isPace(quota.data.features, answer))
    return quotaOutcome(quota.data.features, answer, why);
  if (answer.status === 429) return busyOutcome(answer, why);
  if (answer.status === 413) return { type: 'too_large', why };
  // Another success, or one without JSON, comes from a gateway or a log-in page. The server itself may come back.
  if (isTransient(answer.status) || answer.status < 300) {
    // A page, or a status that gateways send, is a gateway's answer: the server behind it may still be working.
    const answered = answer.status === 500 && answer.json !== undefined;
    return { type: 'unknown', answered, waitMs: retryAfterMs(answer), why };
  }
  return { type: 'refused', error: permanentError(answer, doing) };
}

/** Whether a 429 is about the pace: no quota is spent, or will be again soon, and the server says to come back soon. */
function isPace({ limit, used, resetsAt }: z.infer<typeof quotaBody>['features'], answer: Answer): boolean {
  if (limit === null) return true;
  const isSoon = (ms: number | undefined) => ms !== undefined && ms <= longestWaitMs;
  const isLeft = used < limit || isSoon(resetsAt ? resetsAt.getTime() - serverTime(answer) : undefined);
  return isLeft && isSoon(retryAfterMs(answer));
}

function busyOutcome(answer: Answer, why: string): Outcome {
  const waitMs = retryAfterMs(answer);
  if (waitMs === undefined || waitMs <= longestWaitMs) return { type: 'busy', waitMs, why };
  return { type: 'quota', left: 0, resumeAt: new Date(serverTime(answer) + waitMs), waitMs, why };
}

function quotaOutcome(features: z.infer<typeof quotaBody>['features'], answer: Answer, why: string): Outcome {
  const left = Math.max(0, (features.limit ?? 0) - features.used);
  const { resetsAt } = features;
  if (!resetsAt) return { type: 'quota', left, resumeAt: undefined, ofTier: true, why };
  return {
    type: 'quota',
    left,
    resumeAt: resetsAt,
    waitMs: resetsAt.getTime() - serverTime(answer),
    ofTier: true,
    why,
  };
}
