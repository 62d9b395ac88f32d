import { AppError } from '../errors.ts';
import { rangesOf } from '../tensor/ranges.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import { bodies } from './bodies.ts';
import { bodyOf } from './body.ts';
import { deliver, sendHalves } from './deliver.ts';
import { nameRow } from './delivery.ts';
import { type Batch, newBatch, type Run } from './send-rows.ts';

/**
 * What to do with a batch that the server fails again and again without a word of what is wrong. Where it has taken
 * other batches, the fault is looked for by halving, down to the one row that it lies in; where it has taken none, one
 * row alone tells whether it takes anything at all. Error: refused where it does not.
 */
export async function failAgain(run: Run, batch: Batch, why: string): Promise<void> {
  const { body } = batch;
  const [first] = body.pieces;
  await run.journal.append({ t: 'dropped', batch: batch.id, why: 'failed' });
  if (!first || body.pieces.length === 1) return suspect(run, batch, why);
  if (run.taken > 0) {
    run.limits.rows = Math.max(1, Math.min(run.limits.rows, Math.ceil(body.pieces.length / 2)));
    return sendHalves(run, batch, 'failed on the server again and again');
  }
  await deliver(run, newBatch(run, bodyOf(body, [first], run.delivery.format, run.pool)));
  const rest = bodyOf(body, body.pieces.slice(1), run.delivery.format, run.pool);
  return deliver(run, newBatch(run, rest));
}

/** A server that is away for a minute fails rows like this one too: it is put off, and has to fail once more at the end. */
async function suspect(run: Run, batch: Batch, why: string): Promise<void> {
  const row = batch.body.pieces[0]?.row as number;
  if (batch.doubtful) return quarantine(run, row, why);
  if (run.taken === 0) throw refusedRow(run, batch, why, usuallyWrong);
  run.suspects.add(row);
}

async function quarantine(run: Run, row: number, why: string): Promise<void> {
  await run.journal.append({ t: 'quarantined', rows: { [row]: why } });
  run.onQuarantined(row, why);
  const { indexOf } = run.delivery.format;
  run.onEvent({ type: 'quarantined', row, ...(indexOf && { index: indexOf(row) }), why });
}

/** Sends each suspect once more, by itself, when all others are there; one that fails now is left out. */
export async function trySuspects(run: Run): Promise<void> {
  const single = { rows: 1, bytes: run.delivery.maxBytes };
  const blocks = rowBlocks(run.matrix, rangesOf(run.suspects));
  for await (const body of bodies(blocks, run.delivery.format, () => single, run.pool)) {
    if (run.quota || run.stop.aborted) return body.release();
    await deliver(run, { ...newBatch(run, body), doubtful: true });
  }
}

const usuallyWrong = [
  'the server takes nothing at all: the source set may be somebody else’s, a self-hosted server may lack its user for activations, or it is overloaded',
];

/** The error for a row that no repetition helps. */
export function refusedRow({ delivery }: Run, { body }: Batch, why: string, hints: readonly string[]): AppError {
  const row = body.pieces[0]?.row as number;
  return new AppError('refused', `${nameRow(delivery.format, row)}: the server keeps refusing it: ${why}`, {
    hints,
    details: { row },
  });
}
