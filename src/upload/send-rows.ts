import { type AppError, isAway, isStopped } from '../errors.ts';
import { countRows, eachRow, mergeRanges } from '../tensor/ranges.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import { createAppetite } from './appetite.ts';
import { type Batch, newBatch, type Run, type SendInput } from './batch.ts';
import { bodies } from './bodies.ts';
import { type Body, bodyHash, createBufferPool, unlimited } from './body.ts';
import { deliver, deliverInTurn } from './deliver.ts';
import type { Reopening } from './delivery.ts';
import { createPatience } from './patience.ts';
import { failedBefore, trySuspects } from './poison.ts';
import type { SendResult } from './run.ts';

/** Bodies that are built, and whose intents are made durable, while others are in flight. */
const bodiesAhead = 2;

/**
 * Sends rows in batches, several in flight, each journaled before and after. Returns when all are confirmed, the run
 * is stopped, or the quota is spent. Errors: what the server refused for good, or server_failing when patience ends.
 */
export async function sendRows(input: SendInput): Promise<SendResult> {
  const { delivery, stop } = input;
  // After a crash, an intent that was never sent costs one request if keys settle it. Without keys it must be looked for.
  const ahead = delivery.settle === 'resend' ? bodiesAhead : 0;
  const appetite = createAppetite({
    rows: delivery.maxRows,
    bytes: delivery.maxBytes,
    inFlight: delivery.maxInFlight,
    ahead,
  });
  const failed = new AbortController();
  const over = AbortSignal.any([stop, failed.signal]);
  let failure: AppError | undefined;
  let closed: Reopening | undefined;
  const run: Run = {
    ...input,
    over,
    isOver: () => over.aborted || closed !== undefined,
    fail(error) {
      failure ??= error;
      failed.abort();
    },
    close(why) {
      closed ??= why;
    },
    pool: createBufferPool(),
    patience: createPatience(() => appetite.inFlight(), input.onEvent),
    appetite,
    taken: input.takenBefore ? 1 : 0,
    left: countRows(input.pending) + countRows(mergeRanges(input.unknown.flatMap(({ rows }) => rows))),
    suspects: new Map(Array.from(eachRow(input.doubtful), (row) => [row, failedBefore])),
    paced: false,
    deliver: (batch) => deliver(run, batch),
    confirm(rows) {
      run.patience.refill();
      run.taken++;
      run.left = Math.max(0, run.left - countRows(rows));
      input.onConfirmed(rows);
    },
  };
  const source = batches(run);
  const worker = async () => {
    for (;;) {
      const done = await appetite.make();
      try {
        if (run.isOver()) return;
        const next = await source.next();
        if (next.done) return;
        await deliverInTurn(run, next.value);
      } finally {
        done();
      }
    }
  };
  const guarded = () => worker().catch(run.fail);
  // Waits for every sender: when one fails, the answers to the others' requests must still reach the journal.
  await Promise.all(Array.from({ length: delivery.maxInFlight + ahead }, guarded));
  await source.return(undefined);
  if (!run.isOver()) await trySuspects(run).catch(run.fail);
  if (failure && !(stop.aborted && endsSo(failure))) throw failure;
  if (stop.aborted) return { type: 'stopped' };
  return closed ? { type: 'quota', ...closed } : { type: 'finished' };
}

/** Whether a stopped run may have met this error only because it was stopped. Any other error is thrown. */
const endsSo = (error: AppError) => error.code === 'paused' || isAway(error) || isStopped(error);

async function* batches(run: Run): AsyncGenerator<Batch> {
  const { matrix, delivery, pool } = run;
  for (const intent of run.unknown) {
    const again = bodies(rowBlocks(matrix, mergeRanges(intent.rows)), delivery.format, () => unlimited, pool);
    for await (const body of again) {
      requireChecked(run, body);
      const isSame = bodyHash(body) === intent.hash;
      const isLarge = body.pieces.length > delivery.maxRows || body.bytes.length > delivery.maxBytes;
      const oversize = isLarge && body.pieces.length > 1;
      yield { id: intent.batch, key: intent.key, body, known: true, oversize, ...(!isSame && { stale: true }) };
    }
  }
  const fresh = bodies(rowBlocks(matrix, run.pending), delivery.format, run.appetite.limits, pool);
  for await (const body of fresh) {
    requireChecked(run, body);
    yield newBatch(run, body);
  }
}

/** Throws if the file that a body was made of has changed since it was checked. Error: checkpoint_mismatch. */
function requireChecked({ requireUnchanged }: Run, body: Body): void {
  try {
    requireUnchanged?.();
  } catch (error) {
    body.release();
    throw error;
  }
}
