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

/** What the senders of a run need of its job besides rows. */
type SentJob = Pick<
  JobInput,
  'server' | 'identity' | 'matrix' | 'requireUnchanged' | 'delivery' | 'settleTimeoutMs' | 'stop' | 'abort' | 'onEvent'
>;

export interface SendInput extends SentJob {
  /** Id of the job, for what a person is told to type. */
  readonly job: string;
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
  /** Brings a batch to an end, and the others that it is split into. */
  deliver(batch: Batch): Promise<void>;
  /** Rows still to be confirmed. */
  left: number;
  /**
   * Rows that failed one by one, in this run or an earlier one, with how much had been taken when they did (-1: earlier): it is
   * not yet certain that it is they.
   */
  readonly suspects: Map<number, number>;
  /** A person has been told that requests are spread. */
  paced: boolean;
  /** The server has these rows, by its own word. */
  confirm(rows: Ranges, ids: ReadonlyMap<number, string>): void;
  /** Ends what is waited for: the user's `stop`, or a failure, after which nothing more is sent. */
  readonly over: AbortSignal;
  /** Nothing new is to be begun: the run was stopped or has failed, or the server takes no more for now. */
  isOver(): boolean;
  /** Ends the run with the first failure. */
  fail(error: AppError): void;
  /** Ends the run where the server takes no more for now; the first reason stays. */
  close(why: Reopening): void;
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
  /** Several rows, made into one when the server, or the user, allowed more at a time than now. */
  readonly oversize?: boolean;
  /** Its one row has failed before, and then this often again: it is left out once that says enough. */
  readonly doubtful?: number;
  /** A single failure says enough. */
  readonly brief?: boolean;
  /** It is part of a batch in which a bad row is looked for: the other parts, which wait for their turn. */
  readonly search?: Batch[];
}

/** A body that was never sent, under a key of its own. */
export function newBatch(run: Run, body: Body): Batch {
  return { id: run.nextBatch++, key: randomUUID(), body, known: false };
}

/** The server certainly does not have it: its rows are to be sent again, in other batches. */
export async function drop({ journal }: Run, { id }: Batch, why: string): Promise<void> {
  await journal.append({ t: 'dropped', batch: id, why });
}
