import { intersectRanges, membership, mergeRanges, type Ranges, rangesOf, subtractRanges } from '../tensor/ranges.ts';
import {
  type DataRecord,
  type IntentRecord,
  type JobRecord,
  type PausedRecord,
  type Soundness,
  scanJournal,
  type TypedRecord,
} from './journal-records.ts';
import { addRecord, type Sum } from './journal-sum.ts';

/** What a journal says of its job, all records taken together. */
export interface JournalState {
  readonly job?: JobRecord;
  /** As the latest run was started. */
  readonly typed?: TypedRecord;
  readonly data?: DataRecord;
  readonly blocks: ReadonlyMap<number, string>;
  readonly planned: Ranges;
  /** Rows that the server is known to have, by its own answer. */
  readonly stored: Ranges;
  /** Of these, rows that it had before this job sent them. */
  readonly found: Ranges;
  /** Batches that were about to be sent or were sent, and have no answer. */
  readonly unknown: readonly IntentRecord[];
  /** Rows that this job ever sent, or may have, after it had seen that the server lacks them. */
  readonly sent: Ranges;
  /** Rows taken back since they were last planned: like rows never planned, they are looked up before they are sent. */
  readonly deleted: Ranges;
  /** Of these, rows whose deletion was begun and never seen to be done. */
  readonly deleting: Ranges;
  /** Row number to the name that the server gave it. */
  readonly ids: ReadonlyMap<number, string>;
  /** Rows that were left out, and why. */
  readonly quarantined: ReadonlyMap<number, string>;
  /** Rows that failed alone while the server took others. */
  readonly suspects: ReadonlySet<number>;
  readonly nextBatch: number;
  /** The last run confirmed all that it had planned. */
  readonly done: boolean;
  /** The limit that the last run ended at, where it did. */
  readonly paused?: PausedRecord;
}

/** A journal without records. */
export function emptySum(): Sum {
  return {
    intents: new Map(),
    blocks: new Map(),
    ids: new Map(),
    stored: [],
    found: [],
    planned: [],
    quarantined: new Map(),
    suspects: new Set(),
    sent: new Map(),
    deleted: [],
    deleting: [],
    nextBatch: 0,
    done: false,
    wasDone: false,
  };
}

/** Adds up what a journal says. Its records are not all in memory at once: there may be hundreds of thousands. */
export function sumJournal(bytes: Buffer): Soundness & { readonly sum: Sum } {
  const sum = emptySum();
  const soundness = scanJournal(bytes, (record) => addRecord(sum, record));
  return { ...soundness, sum };
}

/** What records add up to so far: a picture, which stays as it is. */
export function stateOf(sum: Sum): JournalState {
  const stored = mergeRanges([...sum.stored, ...sum.found]);
  const isStored = membership(stored);
  const quarantined = new Map([...sum.quarantined].filter(([row]) => !isStored(row)).sort(([a], [b]) => a - b));
  const isOpen = (intent: IntentRecord) => subtractRanges(mergeRanges(intent.rows), stored).length > 0;
  return {
    ...(sum.job && { job: { ...sum.job, command: sum.typed?.command ?? sum.job.command } }),
    ...(sum.typed && { typed: sum.typed }),
    ...(sum.data && { data: sum.data }),
    blocks: new Map(sum.blocks),
    planned: mergeRanges(sum.planned),
    stored,
    found: mergeRanges(sum.found),
    unknown: [...sum.intents.values()].filter(isOpen),
    sent: mergeRanges([...sum.sent.values()].flat()),
    deleted: mergeRanges([...sum.deleted, ...sum.deleting]),
    deleting: mergeRanges(sum.deleting),
    ids: new Map(sum.ids),
    quarantined,
    suspects: new Set(sum.suspects),
    nextBatch: sum.nextBatch,
    done: sum.done,
    ...(sum.paused && { paused: sum.paused }),
  };
}

/** Rows still to be sent in new batches: planned, not confirmed, and not in a batch whose outcome is unknown. */
export function pendingRows(state: JournalState, planned: Ranges): Ranges {
  const open = subtractRanges(planned, state.stored);
  return subtractRanges(open, mergeRanges(state.unknown.flatMap((intent) => intent.rows)));
}

/** Of pending rows, those that an earlier run had to leave out, or was about to: the server kept failing them. */
export function doubtfulRows({ quarantined, suspects }: JournalState, pending: Ranges): Ranges {
  return intersectRanges(pending, rangesOf(new Set([...quarantined.keys(), ...suspects])));
}

/** Batches without an answer that hold any of these rows: one of other rows waits for a run that plans them. */
export function batchesAmong({ unknown }: JournalState, planned: Ranges): readonly IntentRecord[] {
  return unknown.filter(({ rows }) => intersectRanges(mergeRanges(rows), planned).length > 0);
}
