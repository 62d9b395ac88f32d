import { AppError } from '../errors.ts';
import { rangesOf } from '../tensor/ranges.ts';
import { waitFor } from '../wait-for.ts';
import { type Batch, drop, newBatch, type Run } from './batch.ts';
import { type Body, bodyOf } from './body.ts';
import { nameRow, type StoredRow } from './delivery.ts';
import { lookedUp } from './journal-records.ts';
import { compare, featureExists } from './look.ts';

/**
 * Looks for a batch on the server. True if that settles it: all of it is there, what is missing was sent in a batch of its
 * own, or the run is over. With `answered` the server is done with the batch; otherwise it may still be working on it.
 * Errors: outcome_unknown if the server names rows itself and cannot be asked for them, feature_exists.
 */
export async function settleByLookUp(run: Run, batch: Batch, answered: boolean): Promise<boolean> {
  const rows = batch.body.pieces.map(({ row }) => row);
  const waits = answered ? [0] : [0, run.settleTimeoutMs, 2 * run.settleTimeoutMs];
  for (const waitMs of waits) {
    await waitFor(waitMs, run.over);
    if (run.over.aborted) return true;
    const { stored: there } = await run.delivery.lookup(rows).catch((cause) => {
      const isUnknown = run.delivery.serverNames && run.delivery.settle === 'lookup';
      throw isUnknown ? unknownOutcome(run, rows, cause) : cause;
    });
    if (there.size === 0) continue;
    const { different } = await compare(run.matrix, there, run.delivery.format);
    if (different.length > 0) throw featureExists(run, different, run.job, '');
    const missing = await takeFound(run, batch, there);
    if (missing) await run.deliver(newBatch(run, missing));
    return true;
  }
  return false;
}

/** The error for vectors that may or may not be there. They are never sent again on a guess: a person has to say. */
function unknownOutcome({ job, delivery }: Run, rows: readonly number[], cause: Error): AppError {
  const named = rows.map((row) => {
    const label = delivery.identify?.(row).label;
    return nameRow(delivery.format, row) + (label === undefined ? '' : ` ("${label}")`);
  });
  const resolve = `neuronpedia status ${job} --resolve ${rows[0]}`;
  return new AppError(
    'outcome_unknown',
    `it is unknown whether the server has ${named.join(', ')}: looking for it failed: ${cause.message}`,
    {
      hints: [
        `check your vectors on the server: if it is missing, run ${resolve}=absent; if it is there, run ${resolve}=ID`,
        'then run the same command again (once the server can list your vectors again, that alone is enough)',
      ],
      details: { rows, job },
      cause,
    },
  );
}

/** Records the rows of a batch that the server turned out to have; returns a body of the others, if there are any. */
async function takeFound(run: Run, batch: Batch, there: ReadonlyMap<number, StoredRow>): Promise<Body | undefined> {
  const { body } = batch;
  const ids = Object.fromEntries([...there].flatMap(([row, { id }]) => (id === undefined ? [] : [[row, id]])));
  const missing = body.pieces.filter(({ row }) => !there.has(row));
  const rows = rangesOf(there.keys());
  if (missing.length > 0) await drop(run, batch, lookedUp);
  if (rows.length > 0) {
    await run.journal.append({ t: 'found', rows, ids });
    run.confirm(rows);
  }
  return missing.length > 0 ? bodyOf(body, missing, run.delivery.format, run.pool) : undefined;
}
