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
  /** The command to go on with, and to read rows again with: the latest that has rows to send, otherwise the latest. */
  readonly typed?: TypedRecord;
  /** The command that was noted last. */
  readonly noted?: TypedRecord;
  readonly data?: DataRecord;
  readonly blocks: ReadonlyMap<number, string>;
  readonly planned: Ranges;
  /** Rows that the server is known to have. */
  readonly stored: Ranges;
  /** Those of these rows that a look-up or the user found there, rather than the answer to a request. */
  readonly found: Ranges;
  /** Batches that were about to be sent or were sent, and have no answer. */
  readonly unknown: readonly IntentRecord[];
  /** Rows of batches without an answer that were made again, and that nothing has been heard of since. */
  readonly remade: Ranges;
  /** Rows that this job has ever sent, or may have, after seeing that the server lacked them. */
  readonly sent: Ranges;
  /** Rows deleted since they were last planned: like rows never planned, they are looked up before they are sent. */
  readonly deleted: Ranges;
  /** Those of these rows whose deletion was begun but not seen to succeed. */
  readonly deleting: Ranges;
  /** Row number to the server's name for the row. */
  readonly ids: ReadonlyMap<number, string>;
  /** Rows that were left out, and why. */
  readonly quarantined: ReadonlyMap<number, string>;
  /** Rows that failed alone while the server took others. */
  readonly suspects: ReadonlySet<number>;
  readonly nextBatch: number;
  /** Whether the last run finished: all that it had planned was confirmed or left out. */
  readonly done: boolean;
  /** The limit that the last run ended at, if it did. */
  readonly paused?: PausedRecord;
}

/** Returns the sum of a journal without records. */
export function emptySum(): Sum {
  return {
    commands: [],
    intents: new Map(),
    blocks: new Map(),
    ids: new Map(),
    stored: [],
    found: [],
    planned: [],
    quarantined: new Map(),
    suspects: new Set(),
    remade: [],
    sent: new Map(),
    deleted: [],
    deleting: [],
    nextBatch: 0,
    done: false,
    wasDone: false,
  };
}

/** Adds up a journal's records, without holding all of them in memory: there may be hundreds of thousands. */
export function sumJournal(bytes: Buffer): Soundness & { readonly sum: Sum } {
  const sum = emptySum();
  const soundness = scanJournal(bytes, (record) => addRecord(sum, record));
  return { ...soundness, sum };
}

/** Returns what records add up to so far, as a snapshot that does not change. */
export function stateOf(sum: Sum): JournalState {
  const stored = mergeRanges([...sum.stored, ...sum.found]);
  const isStored = membership(stored);
  const quarantined = new Map([...sum.quarantined].filter(([row]) => !isStored(row)).sort(([a], [b]) => a - b));
  const isOpen = (intent: IntentRecord) => subtractRanges(mergeRanges(intent.rows), stored).length > 0;
  const noted = sum.commands.at(-1)?.typed;
  const planned = mergeRanges(sum.planned);
  const settled = () => mergeRanges([...stored, ...sum.deleted, ...sum.deleting, ...rangesOf(quarantined.keys())]);
  const typed = commandFor(sum.commands, () => subtractRanges(planned, settled()));
  return {
    ...(sum.job && { job: { ...sum.job, command: typed?.command ?? sum.job.command } }),
    ...(typed && { typed }),
    ...(noted && { noted }),
    ...(sum.data && { data: sum.data }),
    blocks: new Map(sum.blocks),
    planned,
    stored,
    found: mergeRanges(sum.found),
    unknown: [...sum.intents.values()].filter(isOpen),
    remade: subtractRanges(mergeRanges(sum.remade), stored),
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

/** Returns the latest command that is about any of the open rows, otherwise the latest. */
function commandFor(commands: Sum['commands'], open: () => Ranges): TypedRecord | undefined {
  const latest = commands.at(-1)?.typed;
  if (commands.length < 2) return latest;
  const rows = open();
  return commands.findLast((one) => intersectRanges(mergeRanges(one.rows), rows).length > 0)?.typed ?? latest;
}

/** Returns the rows that were sent and had no answer. */
export function unansweredRows(state: JournalState): Ranges {
  return mergeRanges([...inOpenBatches(state), ...state.remade]);
}

/** Returns those of these rows whose batches are to be settled. The others are sent again. */
function inOpenBatches({ unknown }: JournalState): Ranges {
  return mergeRanges(unknown.flatMap(({ rows }) => rows));
}

/** Returns the rows that were on the server before this job sent them: not those that it sent without an answer and found. */
export function foundBefore({ found, sent }: JournalState): Ranges {
  return subtractRanges(found, sent);
}

/** Returns rows still to be sent in new batches: planned, not confirmed, and not in a batch whose outcome is unknown. */
export function pendingRows(state: JournalState, planned: Ranges): Ranges {
  const open = subtractRanges(planned, state.stored);
  return subtractRanges(open, inOpenBatches(state));
}

/** Returns pending rows that an earlier run left out, or was about to, because the server kept failing on them. */
export function doubtfulRows({ quarantined, suspects }: JournalState, pending: Ranges): Ranges {
  return intersectRanges(pending, rangesOf(new Set([...quarantined.keys(), ...suspects])));
}

/** Returns unanswered batches with any of these rows. Batches of other rows wait for a run that plans those. */
export function batchesAmong({ unknown }: JournalState, planned: Ranges): readonly IntentRecord[] {
  return unknown.filter(({ rows }) => intersectRanges(mergeRanges(rows), planned).length > 0);
}
