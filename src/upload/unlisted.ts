import { AppError, answeredStatus, isStopped } from '../errors.ts';
import type { Ranges } from '../tensor/ranges.ts';
import type { Delivery } from './delivery.ts';
import { type Comparison, compareRows, type LookInput } from './look.ts';
import type { JobInput } from './run.ts';

/** Describes a failure to list everything that an account has. Rethrows other errors. */
function listingProblem({ serverNames }: Delivery, cause: unknown): { problem: string; cause: AppError } {
  if (!serverNames || !(cause instanceof AppError) || saysNothingOfTheList(cause)) throw cause;
  return { problem: `listing your vectors failed: ${cause.message}`, cause };
}

/**
 * Compares rows with the server before anything is sent (dry runs). If the server cannot list them, warns and treats all
 * as new. Rethrows other errors.
 */
export async function lookAhead(input: LookInput, rows: Ranges): Promise<Comparison> {
  try {
    return await compareRows(input, rows);
  } catch (cause) {
    const { problem } = listingProblem(input.delivery, cause);
    const counted = 'all are counted as new, but an upload that has not begun yet goes ahead only with --assume-new';
    input.onEvent({ type: 'warning', message: `${problem}; ${counted}` });
    return nothingSeen;
  }
}

/** The comparison when nothing could be looked up. */
export const nothingSeen: Comparison = { same: [], different: [], uncompared: [], ids: new Map() };

/** Errors that say nothing about the list itself. */
const elsewhere = ['unreachable', 'authentication_failed', 'paused', 'bug'];

/** Whether any request could have met this error: one of those above, a signal, too many requests, or a redirect. */
const saysNothingOfTheList = (error: AppError) => {
  const status = answeredStatus(error);
  if (elsewhere.includes(error.code) || isStopped(error)) return true;
  return status === 429 || (status !== undefined && status >= 300 && status < 400);
};

/**
 * Decides how to go on if the list cannot be read. A server that names rows itself must be asked for everything that the
 * account has, which may be too large for an answer. For rows that the journal has known all along (`isKnown`) the journal
 * is trusted. Whether others are new is for a person to say: keys keep a request from being stored twice, but the keys of
 * a lost journal are lost with it. Error: outcome_unknown.
 */
export function goOnUnseen({ delivery, assumeNew, onEvent }: JobInput, isKnown: boolean, thrown: unknown): Comparison {
  const { problem, cause } = listingProblem(delivery, thrown);
  if (isKnown) {
    onEvent({ type: 'warning', message: `${problem}; relying on the checkpoint alone` });
    return nothingSeen;
  }
  if (assumeNew) {
    onEvent({ type: 'warning', message: `${problem}; treating these as new (--assume-new)` });
    return nothingSeen;
  }
  throw new AppError(
    'outcome_unknown',
    `it is unknown whether the server has these vectors already: ${problem}; nothing was sent`,
    {
      hints: ['if you have never uploaded them, or have deleted them since, go ahead with --assume-new'],
      details: cause.details,
      cause,
    },
  );
}
