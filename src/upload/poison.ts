import { AppError } from '../errors.ts';
import { rangesOf } from '../tensor/ranges.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import { type Batch, drop, newBatch, type Run } from './batch.ts';
import { bodies } from './bodies.ts';
import { bodyOf, halveBody, unlimited } from './body.ts';
import { nameRow } from './delivery.ts';
import { failedAgain } from './journal-records.ts';

/**
 * Handles a batch that the server keeps failing without saying what is wrong. If the server has taken other batches,
 * searches for the bad row by halving. If it has taken none, first sends two rows alone, of which one may be the bad one,
 * to see whether it takes anything at all. Error: refused if it does not.
 */
export async function failAgain(run: Run, batch: Batch, why: string): Promise<void> {
  const { body } = batch;
  const [first] = body.pieces;
  await drop(run, batch, failedAgain);
  if (!first || body.pieces.length === 1) return suspect(run, batch, why);
  if (run.taken > 0) return searchHalves(run, batch);
  const only = (pieces: typeof body.pieces) => newBatch(run, bodyOf(body, pieces, run.delivery.format, run.pool));
  await run.deliver(only([first]));
  const rest = body.pieces.slice(1);
  if (run.taken === 0 && !run.isOver()) await run.deliver({ ...only(rest.splice(-1)), brief: true });
  if (rest.length > 0 && !run.isOver()) await run.deliver(only(rest));
}

/** Sends both halves before any of their own halves: one of the two will likely pass, which shows that the server is up. */
async function searchHalves(run: Run, { body, search }: Batch): Promise<void> {
  const { format } = run.delivery;
  run.onEvent({
    type: 'warning',
    message: `the server kept failing a batch of ${body.pieces.length} rows; sending it in two halves`,
  });
  const queue = search ?? [];
  for (const half of halveBody(body, format, run.pool)) queue.push({ ...newBatch(run, half), search: queue });
  if (search) return;
  try {
    for (const half of queue) if (!run.isOver()) await run.deliver(half);
  } finally {
    for (const half of queue) half.body.release();
  }
}

/** Stands for the batches taken when a row failed in an earlier run: lower than any count. */
export const failedBefore = -1;
/** Most retries of a suspect row, with longer and longer waits, while nothing else shows that the server is up. */
const mostAgain = 4;

/**
 * Puts off a row that failed alone, because a server that is down for a while fails good rows too. At the end the row is
 * left out if it fails again after other batches were taken or, if none were taken in between, several more times.
 */
async function suspect(run: Run, batch: Batch, why: string): Promise<void> {
  const { body, doubtful } = batch;
  const row = body.pieces[0]?.row as number;
  if (doubtful !== undefined) {
    if (run.taken > (run.suspects.get(row) ?? 0) || doubtful >= mostAgain) return quarantine(run, row, why);
    // No patience left means that for a minute only such rows were tried and none was taken: better evidence will not come.
    const isPatient = await run.patience.wait(why, undefined, run.over).then(
      () => true,
      () => false,
    );
    if (run.over.aborted) return;
    if (!isPatient) return quarantine(run, row, why);
    const again = bodyOf(body, body.pieces, run.delivery.format, run.pool);
    return run.deliver({ ...newBatch(run, again), doubtful: doubtful + 1 });
  }
  if (run.taken === 0) {
    if (run.alone) throw run.alone;
    run.alone = refusedRow(run, batch, why, usuallyWrong);
  }
  run.suspects.set(row, run.taken);
}

async function quarantine(run: Run, row: number, why: string): Promise<void> {
  await run.journal.append({ t: 'quarantined', rows: { [row]: why } });
  run.onQuarantined(row, why);
  const { indexOf } = run.delivery.format;
  run.onEvent({ type: 'quarantined', row, ...(indexOf && { index: indexOf(row) }), why });
}

/**
 * Sends each suspect once more, alone, after all other rows; one that fails again is left out. Error: refused if the server
 * has taken nothing else.
 */
export async function trySuspects(run: Run): Promise<void> {
  if (run.taken === 0 && run.alone) throw run.alone;
  const single = { ...unlimited, rows: 1 };
  const blocks = rowBlocks(run.matrix, rangesOf(run.suspects.keys()));
  for await (const body of bodies(blocks, run.delivery.format, () => single, run.pool)) {
    if (run.isOver()) return body.release();
    await run.deliver({ ...newBatch(run, body), doubtful: 0 });
  }
}

const usuallyWrong = [
  'the server accepts nothing at all: the source set may belong to someone else, a self-hosted server may lack the user that it needs for activations, or the server is overloaded',
];

/** The error for a row that fails however often it is sent. */
export function refusedRow({ delivery }: Run, { body }: Batch, why: string, hints: readonly string[]): AppError {
  const row = body.pieces[0]?.row as number;
  return new AppError('refused', `${nameRow(delivery.format, row)}: the server keeps refusing it: ${why}`, {
    hints,
    details: { row },
  });
}
