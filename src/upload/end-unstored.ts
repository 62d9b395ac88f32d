import type { AppError } from '../errors.ts';
import { steadyNow } from '../steady-clock.ts';
import { type Batch, drop, newBatch, type Run } from './batch.ts';
import { bodyOf, halveBody } from './body.ts';
import { nameRow, type Outcome } from './delivery.ts';
import { madeAgain } from './journal-records.ts';
import { refusedRow } from './poison.ts';

/**
 * Ends the run because the server took nothing in several request windows. With `isOpen` an earlier request of the batch may
 * have been stored after all, so its intent stays.
 */
export async function endLimited(run: Run, batch: Batch, why: string, isOpen: boolean): Promise<void> {
  if (!isOpen) await drop(run, batch, 'limited');
  if (run.stop.aborted) return;
  const now = steadyNow();
  const waitMs = run.delivery.pacer.turn(Number.POSITIVE_INFINITY, now) - now;
  run.close({ resumeAt: new Date(Date.now() + waitMs), waitMs, why });
}

type Unstored = Exclude<Outcome, { type: 'stored' | 'limited' | 'busy' | 'unknown' }>;

/**
 * Handles a batch that the server did not take: sends its rows in other batches or ends the run. `isOpen` is as above.
 * Errors: the server's refusal, and refused for a single row that is too large.
 */
export async function endUnstored(run: Run, batch: Batch, outcome: Unstored, isOpen: boolean): Promise<void> {
  const isSingle = batch.body.pieces.length === 1;
  // If the batch is there after all, its halves do no harm: servers with keys skip features that they have.
  if (!isOpen || (outcome.type === 'too_large' && !isSingle)) await drop(run, batch, isOpen ? madeAgain : outcome.type);
  if (outcome.type === 'refused') throw withRow(outcome.error, run, batch);
  if (outcome.type === 'quota') return spendQuota(run, batch, outcome, isOpen);
  if (isSingle) throw refusedRow(run, batch, `it is too large for the server: ${outcome.why}`, tooLarge(run));
  run.appetite.tooLarge(batch.body);
  return sendHalves(run, batch, 'was too large for the server');
}

/** Adds which row a refusal is about, if the server says which feature of the request it does not take. */
function withRow(error: AppError, { delivery }: Run, { body }: Batch): AppError {
  const [, at] = /\bfeatures[[.](\d+)/.exec(`${error.details.path ?? error.message}`) ?? [];
  const row = at === undefined ? undefined : body.pieces[Number(at)]?.row;
  if (row === undefined) return error;
  return error.with({ message: `${error.message}: ${nameRow(delivery.format, row)}`, details: { row } });
}

/** Returns hints. Only an SAE can leave a row out: the upload of a direction has no others. */
function tooLarge({ identity }: Run): string[] {
  const isSae = identity.as === 'features' || identity.as === 'vectors';
  const ways = isSae ? 'leave it out with --features' : 'give it fewer or shorter examples';
  return [`${ways}, or ask whoever runs the server to take larger requests`];
}

/** Sends what the quota still takes, then ends the run. Each part is smaller than the one before, so this terminates. */
async function spendQuota(
  run: Run,
  { body }: Batch,
  quota: Extract<Outcome, { type: 'quota' }>,
  isOpen: boolean,
): Promise<void> {
  const { type: _quota, left: _rows, ...reopens } = quota;
  if (!isOpen && !run.isOver() && quota.left > 0 && quota.left < body.pieces.length) {
    const part = bodyOf(body, body.pieces.slice(0, quota.left), run.delivery.format, run.pool);
    await run.deliver(newBatch(run, part));
    // Batches left open by an earlier run use quota that was not counted beforehand; without any, somebody else used it.
    const why =
      run.unknown.length > 0
        ? 'the quota is spent'
        : 'the quota is spent: something else has used part of it during this run';
    run.close({ ...reopens, why });
  }
  run.close(reopens);
}

/** Sends a batch in two parts. */
export async function sendHalves(run: Run, { body }: Batch, why: string): Promise<void> {
  run.onEvent({ type: 'warning', message: `a batch of ${body.pieces.length} rows ${why}; sending it in two halves` });
  const halves = halveBody(body, run.delivery.format, run.pool);
  try {
    for (const half of halves) if (!run.isOver()) await run.deliver(newBatch(run, half));
  } finally {
    for (const half of halves) half.release();
  }
}
