import { AppError, answeredStatus, isStopped } from '../errors.ts';
import type { Ranges } from '../tensor/ranges.ts';
import type { Delivery } from './delivery.ts';
import { type Comparison, compareRows } from './look.ts';
import type { JobInput } from './run.ts';

/** What is said where the list of all that an account has cannot be read. Errors: others, as they came. */
function listingProblem({ serverNames }: Delivery, cause: unknown): { problem: string; cause: AppError } {
  if (!serverNames || !(cause instanceof AppError) || saysNothingOfTheList(cause)) throw cause;
  return { problem: `listing your vectors failed: ${cause.message}`, cause };
}

/**
 * What there is of rows before any is sent, for a look ahead: where they cannot be listed, none, with a warning.
 * Errors: others, as they came.
 */
export async function lookAhead(input: LookAhead, rows: Ranges): Promise<Comparison> {
  try {
    return await compareRows(input.matrix, rows, input);
  } catch (cause) {
    const { problem } = listingProblem(input.delivery, cause);
    const counted = 'all are counted as new, which an upload that is not begun yet believes only with --assume-new';
    input.onEvent({ type: 'warning', message: `${problem}; ${counted}` });
    return nothingSeen;
  }
}

type LookAhead = Pick<JobInput, 'matrix' | 'server' | 'delivery' | 'onEvent'>;

/** Of no row anything is seen. */
export const nothingSeen: Comparison = { same: [], different: [], uncompared: [], ids: new Map() };

/** Failures that say nothing of the list itself. */
const elsewhere = ['unreachable', 'authentication_failed', 'paused', 'bug'];

/** Nor does one that would have come to any request: a signal, too many of them, or another address. */
const saysNothingOfTheList = (error: AppError) => {
  const status = answeredStatus(error);
  if (elsewhere.includes(error.code) || isStopped(error)) return true;
  return status === 429 || (status !== undefined && status >= 300 && status < 400);
};

/**
 * A server that names rows itself must be asked for all that the account has: that answer may be too large for it.
 * Rows that the journal has known of all along (`isKnown`) go by the journal then. Whether others are new is for a person to
 * say: keys keep a request from being stored twice, but those of an earlier journal are gone with it. Error: outcome_unknown.
 */
export function goOnUnseen({ delivery, assumeNew, onEvent }: JobInput, isKnown: boolean, thrown: unknown): Comparison {
  const { problem, cause } = listingProblem(delivery, thrown);
  if (isKnown) {
    onEvent({ type: 'warning', message: `${problem}; going on by the checkpoint alone` });
    return nothingSeen;
  }
  if (assumeNew) {
    onEvent({ type: 'warning', message: `${problem}; taking these for new ones (--assume-new)` });
    return nothingSeen;
  }
  throw new AppError(
    'outcome_unknown',
    `it is unknown whether the server has these vectors already: ${problem}; nothing was sent`,
    {
      hints: ['if you have not uploaded them before, or deleted them, start all the same with --assume-new'],
      details: cause.details,
      cause,
    },
  );
}
