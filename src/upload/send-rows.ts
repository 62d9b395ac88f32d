import { randomUUID } from 'node:crypto';
import type { AppError } from '../errors.ts';
import { countRows, eachRow, mergeRanges, type Ranges } from '../tensor/ranges.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import type { Matrix } from '../tensor/tensor.ts';
import { type Appetite, createAppetite } from './appetite.ts';
import { bodies } from './bodies.ts';
import { type Body, type BufferPool, bodyHash, createBufferPool, unlimited } from './body.ts';
import { deliverInTurn } from './deliver.ts';
import type { Delivery } from './delivery.ts';
import type { OnEvent } from './events.ts';
import type { Journal } from './journal.ts';
import type { IntentRecord } from './journal-records.ts';
import { createPatience, type Patience } from './patience.ts';
import { trySuspects } from './poison.ts';
import type { Reopening, SendResult } from './run.ts';

export interface SendInput {
  /** Id of the job, for what a person is told to type. */
  readonly job: string;
  readonly matrix: Matrix;
  /** Rows to send in new batches. */
  readonly pending: Ranges;
  /** Rows that the server kept failing in an earlier run: tried once more at the end, one by one. */
  readonly doubtful: Ranges;
  /** Batches of an earlier run whose outcome is unknown. */
  readonly unknown: readonly IntentRecord[];
  readonly nextBatch: number;
  /** The server has taken rows of this job in an earlier run. */
  readonly takenBefore: boolean;
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
  /** Called with a row that is left out because the server keeps failing it. */
  readonly onQuarantined: (row: number, why: string) => void;
}

/** What the senders of one run share. */
export interface Run extends SendInput {
  readonly pool: BufferPool;
  readonly patience: Patience;
  readonly appetite: Appetite;
  nextBatch: number;
  /** Batches of this job that the server has taken, as far as this run needs to know: those of earlier runs are one. */
  taken: number;
  /** What ends the run if the next row that is tried alone fails too: the first one did, and nothing was taken. */
  alone?: AppError;
  /** Rows still to be confirmed. */
  left: number;
  /** Rows that failed one by one, in this run or an earlier one: it is not yet certain that it is they. */
  readonly suspects: Set<number>;
  /** A person has been told that requests are spread. */
  paced: boolean;
  confirmed(rows: Ranges, ids: ReadonlyMap<number, string>): void;
  failure?: AppError;
  quota?: Reopening;
}

/** A body with the key that it is sent under. */
export interface Batch {
  readonly id: number;
  readonly key: string;
  readonly body: Body;
  /** Its intent is in the journal already: it may have been sent. */
  readonly known: boolean;
  /** Another version of this tool made other bytes of these rows: its key would be refused for these. */
  readonly stale?: boolean;
  /** Its one row has failed before: if it fails again it is left out. */
  readonly doubtful?: boolean;
  /** A single failure says enough. */
  readonly brief?: boolean;
  /** It is part of a batch in which a bad row is looked for: the other parts, which wait for their turn. */
  readonly search?: Batch[];
}

/** Bodies that are made, and whose intents are made durable, while others are under way. */
const bodiesAhead = 2;

/**
 * Sends rows in batches, several in flight, each journaled before and after. Returns when all are confirmed, the run
 * is stopped, or the quota is spent. Errors: what the server refused for good, or server_failing when patience ends.
 */
export async function sendRows(input: SendInput): Promise<SendResult> {
  const { delivery, stop } = input;
  // An intent that was never sent costs one request after a crash where keys settle it; elsewhere it would be looked for.
  const ahead = delivery.settle === 'resend' ? bodiesAhead : 0;
  const appetite = createAppetite({
    rows: delivery.maxRows,
    bytes: delivery.maxBytes,
    inFlight: delivery.maxInFlight,
    ahead,
  });
  const run: Run = {
    ...input,
    pool: createBufferPool(),
    patience: createPatience(() => appetite.inFlight(), input.onEvent),
    appetite,
    taken: input.takenBefore ? 1 : 0,
    left: countRows(input.pending) + countRows(mergeRanges(input.unknown.flatMap(({ rows }) => rows))),
    suspects: new Set(eachRow(input.doubtful)),
    paced: false,
    confirmed(rows, ids) {
      run.left = Math.max(0, run.left - countRows(rows));
      input.onConfirmed(rows, ids);
    },
  };
  const source = batches(run);
  const isOver = () => Boolean(run.failure || run.quota || stop.aborted);
  const worker = async () => {
    for (;;) {
      const done = await appetite.make();
      try {
        if (isOver()) return;
        const next = await source.next();
        if (next.done) return;
        await deliverInTurn(run, next.value, isOver);
      } finally {
        done();
      }
    }
  };
  const guarded = () =>
    worker().catch((error) => {
      run.failure ??= error;
    });
  // Every sender is waited for: one that fails must not leave another's request without its answer in the journal.
  await Promise.all(Array.from({ length: delivery.maxInFlight + ahead }, guarded));
  await source.return(undefined);
  if (!run.failure && !run.quota && !stop.aborted) {
    await trySuspects(run).catch((error) => {
      run.failure = error;
    });
  }
  if (stop.aborted) return { type: 'stopped' };
  if (run.failure) throw run.failure;
  return run.quota ? { type: 'quota', ...run.quota } : { type: 'finished' };
}

async function* batches(run: Run): AsyncGenerator<Batch> {
  const { matrix, delivery, pool } = run;
  for (const intent of run.unknown) {
    const again = bodies(rowBlocks(matrix, mergeRanges(intent.rows)), delivery.format, () => unlimited, pool);
    for await (const body of again) {
      const isSame = bodyHash(body) === intent.hash;
      yield { id: intent.batch, key: intent.key, body, known: true, ...(!isSame && { stale: true }) };
    }
  }
  const fresh = bodies(rowBlocks(matrix, run.pending), delivery.format, run.appetite.limits, pool);
  for await (const body of fresh) yield newBatch(run, body);
}

/** A body that was never sent, under a key of its own. */
export function newBatch(run: Run, body: Body): Batch {
  return { id: run.nextBatch++, key: randomUUID(), body, known: false };
}
