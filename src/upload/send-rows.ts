import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { mergeRanges, type Ranges, rangesOf } from '../tensor/ranges.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import type { Matrix } from '../tensor/tensor.ts';
import { bodies } from './bodies.ts';
import { type Body, type BufferPool, bodyHash, bodyOf, bodyRows, createBufferPool, halveBody } from './body.ts';
import type { Delivery } from './delivery.ts';
import type { OnEvent } from './events.ts';
import type { Journal } from './journal.ts';
import type { IntentRecord } from './journal-records.ts';
import { createPatience } from './patience.ts';

export interface SendInput {
  readonly matrix: Matrix;
  /** Rows to send in new batches. */
  readonly pending: Ranges;
  /** Batches of an earlier run to be sent again as they were. */
  readonly resend: readonly IntentRecord[];
  readonly nextBatch: number;
  readonly journal: Journal;
  readonly delivery: Delivery;
  /** How long a server may still be working on a request whose connection was lost. */
  readonly settleTimeoutMs: number;
  /** First signal: nothing new is begun, what is in flight may end. */
  readonly stop: AbortSignal;
  /** Second signal: what is in flight is left unknown. */
  readonly abort: AbortSignal;
  readonly onEvent: OnEvent;
  /** Called with rows once the server has confirmed them, and its names for them where it gives any. */
  readonly onConfirmed: (rows: Ranges, ids: ReadonlyMap<number, string>) => void;
}

/** How a run ended. Whatever it was, the journal holds where to go on. */
export type SendResult =
  | { readonly type: 'finished' }
  | { readonly type: 'stopped' }
  | { readonly type: 'quota'; readonly resumeAt: Date | undefined; readonly why: string };

interface Batch {
  readonly id: number;
  readonly key: string;
  readonly body: Body;
  /** Its intent is in the journal already. */
  readonly known: boolean;
}

/**
 * Sends rows in batches, several in flight, each journaled before and after. Returns when all are confirmed, the run
 * is stopped, or the quota is spent. Errors: what the server refused for good, or server_failing when patience ends.
 */
export async function sendRows(input: SendInput): Promise<SendResult> {
  const { delivery, stop } = input;
  const run: Run = {
    ...input,
    pool: createBufferPool(),
    patience: createPatience(delivery.maxInFlight, input.onEvent),
    limits: { rows: delivery.maxRows, bytes: delivery.maxBytes },
    nextBatch: input.nextBatch,
  };
  const source = batches(run);
  const worker = async () => {
    while (!run.failure && !run.quota && !stop.aborted) {
      const next = await source.next();
      if (next.done || stop.aborted) return;
      await deliver(run, next.value);
    }
  };
  const guarded = () =>
    worker().catch((error) => {
      run.failure ??= error;
    });
  // Every sender is waited for: one that fails must not leave another's request without its answer in the journal.
  await Promise.all(Array.from({ length: delivery.maxInFlight }, guarded));
  await source.return(undefined);
  await input.journal.sync();
  if (stop.aborted) return { type: 'stopped' };
  if (run.failure) throw run.failure;
  return run.quota ? { type: 'quota', ...run.quota } : { type: 'finished' };
}

interface Run extends SendInput {
  readonly pool: BufferPool;
  readonly patience: ReturnType<typeof createPatience>;
  limits: { rows: number; bytes: number };
  nextBatch: number;
  failure?: AppError;
  quota?: { resumeAt: Date | undefined; why: string };
}

async function* batches(run: Run): AsyncGenerator<Batch> {
  const { matrix, delivery } = run;
  const unlimited = { rows: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
  for (const intent of run.resend) {
    const again = bodies(rowBlocks(matrix, mergeRanges(intent.rows)), delivery.format, () => unlimited, run.pool);
    for await (const body of again) {
      if (bodyHash(body) === intent.hash) yield { id: intent.batch, key: intent.key, body, known: true };
      else yield* reopen(run, intent, body);
    }
  }
  const fresh = bodies(rowBlocks(matrix, run.pending), delivery.format, () => run.limits, run.pool);
  for await (const body of fresh) yield newBatch(run, body);
}

/**
 * A batch of unknown outcome that would not be the same bytes today (another version of this tool wrote it): its key
 * would be refused, so the server is asked which rows it has, and the others go into a batch of their own.
 */
async function* reopen(run: Run, intent: IntentRecord, body: Body): AsyncGenerator<Batch> {
  await sleep(run.settleTimeoutMs, undefined, { signal: run.stop });
  const there = await run.delivery.lookup(body.pieces.map(({ row }) => row));
  const rows = rangesOf(there.keys()).map(([start, end]): [number, number] => [start, end]);
  const ids = new Map([...there].flatMap(([row, { id }]) => (id === undefined ? [] : [[row, id] as const])));
  await run.journal.append({ t: 'dropped', batch: intent.batch, why: 'looked up' });
  if (rows.length > 0) await run.journal.append({ t: 'found', rows, ids: Object.fromEntries(ids) });
  run.onConfirmed(rows, ids);
  const missing = body.pieces.filter(({ row }) => !there.has(row));
  if (missing.length > 0) yield newBatch(run, bodyOf(body, missing, run.delivery.format, run.pool));
}

function newBatch(run: Run, body: Body): Batch {
  return { id: run.nextBatch++, key: randomUUID(), body, known: false };
}

/** Brings one batch to an end: stored, split into others, or left in the journal for the next run. */
async function deliver(run: Run, batch: Batch): Promise<void> {
  try {
    await settleBatch(run, batch);
  } finally {
    batch.body.release();
  }
}

async function settleBatch(run: Run, batch: Batch): Promise<void> {
  const { journal, delivery, patience, abort } = run;
  if (!batch.known) await announce(run, batch);
  while (!abort.aborted) {
    const outcome = await delivery.send(batch.body.bytes, batch.key, abort);
    if (outcome.type === 'stored') {
      patience.refill();
      return confirm(run, batch, outcome.ids);
    }
    if (outcome.type === 'busy' || outcome.type === 'unknown') {
      // With keys an unknown batch is sent again as it is: had it been stored, the server gives its first answer.
      await patience.wait(outcome.why, outcome.waitMs, run.stop).catch(stopped(run));
      if (run.stop.aborted) return;
      continue;
    }
    await journal.append({ t: 'dropped', batch: batch.id, why: outcome.type });
    if (outcome.type === 'refused') throw outcome.error;
    if (outcome.type === 'quota') return spendQuota(run, batch, outcome);
    return sendHalves(run, batch, outcome.why);
  }
}

async function confirm({ journal, onConfirmed }: Run, { id, body }: Batch, given: readonly string[] | undefined) {
  await journal.append({ t: 'stored', batch: id, ...(given && { ids: [...given] }) });
  onConfirmed(bodyRows(body), new Map(given?.map((name, i) => [(body.pieces[i] as { row: number }).row, name])));
}

async function announce(run: Run, { id, key, body }: Batch): Promise<void> {
  const rows = bodyRows(body).map(([start, end]): [number, number] => [start, end]);
  await run.journal.append({ t: 'intent', batch: id, key, rows, hash: bodyHash(body) });
  await run.journal.sync();
}

/** A wait that the user's signal cut short is no failure. */
function stopped(run: Run): (error: unknown) => void {
  return (error) => {
    if (!run.stop.aborted) throw error;
  };
}

/** Sends what the quota still takes, then lets the run end. */
async function spendQuota(run: Run, batch: Batch, quota: { left: number; resumeAt: Date | undefined; why: string }) {
  const { pieces } = batch.body;
  if (run.quota === undefined && quota.left > 0 && quota.left < pieces.length) {
    const part = bodyOf(batch.body, pieces.slice(0, quota.left), run.delivery.format, run.pool);
    await deliver(run, newBatch(run, part));
  }
  run.quota ??= { resumeAt: quota.resumeAt, why: quota.why };
}

async function sendHalves(run: Run, batch: Batch, why: string): Promise<void> {
  const { body } = batch;
  if (body.pieces.length === 1) {
    const row = body.pieces[0]?.row;
    throw new AppError('refused', `row ${row} alone is too large for the server: ${why}`, { details: { row } });
  }
  run.limits.bytes = Math.min(run.limits.bytes, Math.ceil(body.bytes.length / 2));
  run.onEvent({
    type: 'warning',
    message: `a batch of ${body.pieces.length} rows was too large for the server; halved`,
  });
  for (const half of halveBody(body, run.delivery.format, run.pool)) await deliver(run, newBatch(run, half));
}
