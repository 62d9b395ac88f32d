import { randomUUID } from 'node:crypto';
import type { AppError } from '../errors.ts';
import type { Ranges } from '../tensor/ranges.ts';
import type { Appetite } from './appetite.ts';
import type { Body, BufferPool } from './body.ts';
import type { Reopening } from './delivery.ts';
import type { Journal } from './journal.ts';
import type { IntentRecord } from './journal-records.ts';
import type { Patience } from './patience.ts';
import type { JobInput } from './run.ts';

/** What sending needs from a job besides its rows. */
type SentJob = Pick<
  JobInput,
  'server' | 'identity' | 'matrix' | 'requireUnchanged' | 'delivery' | 'settleTimeoutMs' | 'stop' | 'abort' | 'onEvent'
>;

export interface SendInput extends SentJob {
  /** Id of the job, for commands that the user is told to type. */
  readonly job: string;
  /** Rows to send in new batches. */
  readonly pending: Ranges;
  /** Rows on which the server kept failing in an earlier run: tried once more at the end, one by one. */
  readonly doubtful: Ranges;
  /** Batches of an earlier run whose outcome is unknown. */
  readonly unknown: readonly IntentRecord[];
  readonly nextBatch: number;
  /** Whether the server stored rows of this job in an earlier run. */
  readonly takenBefore: boolean;
  readonly journal: Journal;
  /** Called with rows once the server has confirmed them and the journal says so. */
  readonly onConfirmed: (rows: Ranges) => void;
  /** Called with a row that is left out because the server keeps failing on it. */
  readonly onQuarantined: (row: number, why: string) => void;
}

/** What the senders of one run share. */
export interface Run extends SendInput {
  readonly pool: BufferPool;
  readonly patience: Patience;
  readonly appetite: Appetite;
  nextBatch: number;
  /** Number of batches of this job that the server has taken; all those of earlier runs count as one. */
  taken: number;
  /** Error for a row that failed alone before anything was taken. Ends the run if the next one fails too or none follows. */
  alone?: AppError;
  /** Brings a batch to an end, including the batches it is split into. */
  deliver(batch: Batch): Promise<void>;
  /** Rows still to be confirmed. */
  left: number;
  /**
   * Rows that failed when sent alone, with the value of `taken` at that time (-1: in an earlier run). It is not yet certain
   * that the rows themselves are to blame.
   */
  readonly suspects: Map<number, number>;
  /** Whether the user has been told that requests are spread out. */
  paced: boolean;
  /** Notes that the server has these rows, by its own answer. */
  confirm(rows: Ranges): void;
  /** Ends all waiting: fires on the user's `stop` or on a failure, after which nothing more is sent. */
  readonly over: AbortSignal;
  /** Whether nothing new may begin: the run was stopped or has failed, or the server takes no more for now. */
  isOver(): boolean;
  /** Ends the run with an error; the first one stays. */
  fail(error: AppError): void;
  /** Ends the run because the server takes no more for now; the first reason stays. */
  close(why: Reopening): void;
}

/** A body with the key that it is sent under. */
export interface Batch {
  readonly id: number;
  readonly key: string;
  readonly body: Body;
  /** Its intent is in the journal already: it may have been sent. */
  readonly known: boolean;
  /** Another version of this tool sent these rows as other bytes: the server would refuse the key for these bytes. */
  readonly stale?: boolean;
  /** It has several rows and is larger than the server or the user now allows. */
  readonly oversize?: boolean;
  /** Its one row failed before, and has failed this many times since. After enough failures it is left out. */
  readonly doubtful?: number;
  /** A single failure is enough to suspect its one row. */
  readonly brief?: boolean;
  /** Set while a bad row is searched for by halving: the queue from which all parts of the original batch are tried. */
  readonly search?: Batch[];
}

/** Makes a batch from a body that was never sent, with a new key. */
export function newBatch(run: Run, body: Body): Batch {
  return { id: run.nextBatch++, key: randomUUID(), body, known: false };
}

/** Gives a batch up: rows not known to be stored go into other batches. If it may be stored, the server ignores repeats. */
export async function drop({ journal }: Run, { id }: Batch, why: string): Promise<void> {
  await journal.append({ t: 'dropped', batch: id, why });
}
