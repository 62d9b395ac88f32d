import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { rangesOf } from '../tensor/ranges.ts';
import { type Body, bodyHash, bodyOf, bodyRows, halveBody } from './body.ts';
import type { Outcome, StoredRow } from './delivery.ts';
import { type Batch, newBatch, type Run } from './send-rows.ts';

/** Brings one batch to an end: stored, split into others, or left in the journal for the next run. */
export async function deliver(run: Run, batch: Batch): Promise<void> {
  try {
    if (!batch.known) await announce(run, batch);
    await deliverAnnounced(run, batch);
  } finally {
    batch.body.release();
  }
}

/** Its intent is durable before a byte of it is sent. */
async function announce({ journal }: Run, { id, key, body }: Batch): Promise<void> {
  const rows = bodyRows(body).map(([start, end]): [number, number] => [start, end]);
  await journal.append({ t: 'intent', batch: id, key, rows, hash: bodyHash(body) });
  await journal.sync();
}

async function deliverAnnounced(run: Run, batch: Batch): Promise<void> {
  const { delivery, patience, abort, stop } = run;
  // Without keys a batch that may have been sent is looked for before it is sent again.
  if (batch.known && delivery.settle === 'lookup' && (await settled(run, batch, false))) return;
  for (let failures = 1; !abort.aborted; failures++) {
    const outcome = await delivery.send(batch.body.bytes, batch.key, abort);
    if (outcome.type === 'stored') return confirm(run, batch, outcome.ids);
    if (outcome.type !== 'busy' && outcome.type !== 'unknown') return endUnstored(run, batch, outcome);
    if (outcome.type === 'unknown' && delivery.settle === 'lookup') {
      if (await settled(run, batch, outcome.answered)) return;
      if (outcome.answered && failures >= mostFailures) return sendLess(run, batch, outcome.why);
    }
    // With keys an unknown batch is sent again as it is: had it been stored, the server gives its first answer.
    await patience.wait(outcome.why, outcome.waitMs, stop).catch(unlessStopped(run));
    if (stop.aborted) return;
  }
}

/** A server that fails a batch this often, and holds none of it, fails it for what is in it. */
const mostFailures = 2;

async function confirm(run: Run, { id, body }: Batch, given: readonly string[] | undefined): Promise<void> {
  run.patience.refill();
  run.taken = true;
  await run.journal.append({ t: 'stored', batch: id, ...(given && { ids: [...given] }) });
  run.onConfirmed(bodyRows(body), new Map(given?.map((name, i) => [(body.pieces[i] as { row: number }).row, name])));
}

/**
 * Looks for a batch on the server. True where that settles it: all of it is there, or what is missing was sent in a
 * batch of its own. `answered` says that the server is done with it; else it may still be working on it for a while.
 */
async function settled(run: Run, batch: Batch, answered: boolean): Promise<boolean> {
  const rows = batch.body.pieces.map(({ row }) => row);
  const waits = answered ? [0] : [0, run.settleTimeoutMs, 2 * run.settleTimeoutMs];
  for (const waitMs of waits) {
    await sleep(waitMs, undefined, { signal: run.stop }).catch(unlessStopped(run));
    if (run.stop.aborted) return true;
    const there = await run.delivery.lookup(rows).catch((cause) => {
      throw run.delivery.serverNames ? unknownOutcome(rows, cause) : cause;
    });
    if (there.size === 0) continue;
    const missing = await takeFound(run, batch.id, batch.body, there);
    if (missing) await deliver(run, newBatch(run, missing));
    return true;
  }
  return false;
}

/** Vectors are never sent again on a guess: whether the server has them is for a person to say. */
function unknownOutcome(rows: readonly number[], cause: Error): AppError {
  const list = rows.join(', ');
  return new AppError(
    'outcome_unknown',
    `it is unknown whether the server has row ${list}: looking for it failed: ${cause.message}`,
    {
      hints: ['look at your vectors on the server; run the same command again once the server lists them'],
      details: { rows },
      cause,
    },
  );
}

/** Notes the rows of a batch that the server turned out to have; returns a body of the others, if there are any. */
export async function takeFound(
  run: Run,
  id: number,
  body: Body,
  there: ReadonlyMap<number, StoredRow>,
): Promise<Body | undefined> {
  const ids = new Map(
    [...there].flatMap(([row, stored]) => (stored.id === undefined ? [] : [[row, stored.id] as const])),
  );
  const missing = body.pieces.filter(({ row }) => !there.has(row));
  const rows = rangesOf(there.keys());
  if (missing.length > 0) await run.journal.append({ t: 'dropped', batch: id, why: 'looked up' });
  if (rows.length > 0) {
    const found = rows.map(([start, end]): [number, number] => [start, end]);
    await run.journal.append({ t: 'found', rows: found, ids: Object.fromEntries(ids) });
    run.taken = true;
    run.patience.refill();
    run.onConfirmed(rows, ids);
  }
  return missing.length > 0 ? bodyOf(body, missing, run.delivery.format, run.pool) : undefined;
}

/** A wait that the user's signal cut short is no failure. */
function unlessStopped(run: Run): (error: unknown) => void {
  return (error) => {
    if (!run.stop.aborted) throw error;
  };
}

type Unstored = Exclude<Outcome, { type: 'stored' | 'busy' | 'unknown' }>;

async function endUnstored(run: Run, batch: Batch, outcome: Unstored): Promise<void> {
  await run.journal.append({ t: 'dropped', batch: batch.id, why: outcome.type });
  if (outcome.type === 'refused') throw outcome.error;
  if (outcome.type === 'quota') return spendQuota(run, batch, outcome);
  if (batch.body.pieces.length === 1) throw refusedRow(batch, `it is too large for the server: ${outcome.why}`, []);
  run.limits.bytes = Math.min(run.limits.bytes, Math.ceil(batch.body.bytes.length / 2));
  return sendHalves(run, batch, 'was too large for the server');
}

/** Sends what the quota still takes, then lets the run end. */
async function spendQuota(run: Run, { body }: Batch, quota: Extract<Outcome, { type: 'quota' }>): Promise<void> {
  if (run.quota === undefined && quota.left > 0 && quota.left < body.pieces.length) {
    const part = bodyOf(body, body.pieces.slice(0, quota.left), run.delivery.format, run.pool);
    await deliver(run, newBatch(run, part));
  }
  run.quota ??= { resumeAt: quota.resumeAt, why: quota.why };
}

async function sendHalves(run: Run, { body }: Batch, why: string): Promise<void> {
  run.onEvent({ type: 'warning', message: `a batch of ${body.pieces.length} rows ${why}; halved` });
  for (const half of halveBody(body, run.delivery.format, run.pool)) await deliver(run, newBatch(run, half));
}

/**
 * A server without words for what is wrong fails again and again. Where it has taken other batches, the fault is
 * looked for by halving; where it has taken none, one row alone tells whether it takes anything at all.
 */
async function sendLess(run: Run, batch: Batch, why: string): Promise<void> {
  const { body } = batch;
  const [first] = body.pieces;
  if (body.pieces.length === 1 || !first) throw refusedRow(batch, why, run.taken ? [] : usuallyWrong);
  await run.journal.append({ t: 'dropped', batch: batch.id, why: 'failed' });
  if (!run.taken) {
    await deliver(run, newBatch(run, bodyOf(body, [first], run.delivery.format, run.pool)));
    const rest = bodyOf(body, body.pieces.slice(1), run.delivery.format, run.pool);
    return deliver(run, newBatch(run, rest));
  }
  run.limits.rows = Math.max(1, Math.min(run.limits.rows, Math.ceil(body.pieces.length / 2)));
  return sendHalves(run, batch, 'failed on the server again and again');
}

const usuallyWrong = [
  'the server takes nothing at all: the source set may be somebody else’s, a self-hosted server may lack its user for activations, or it is overloaded',
];

function refusedRow({ body }: Batch, why: string, hints: readonly string[]): AppError {
  const row = body.pieces[0]?.row;
  return new AppError('refused', `row ${row}: the server keeps refusing it: ${why}`, { hints, details: { row } });
}
