import {
  eachRow,
  intersectRanges,
  membership,
  mergeRanges,
  type Range,
  type Ranges,
  rangesOf,
  subtractRanges,
} from '../tensor/ranges.ts';
import type { IntentRecord, JobRecord, JournalRecord } from './journal-records.ts';

/** What a journal says of its job, all records taken together. */
export interface JournalState {
  readonly job?: JobRecord;
  readonly data?: { readonly rows: number; readonly width: number; readonly fields: string };
  readonly blocks: ReadonlyMap<number, string>;
  readonly planned: Ranges;
  /** Rows that the server is known to have, by its own answer. */
  readonly stored: Ranges;
  /** Of these, rows that it had before this job sent them. */
  readonly found: Ranges;
  /** Batches that were about to be sent or were sent, and have no answer. */
  readonly unknown: readonly IntentRecord[];
  /** Row number to the name that the server gave it. */
  readonly ids: ReadonlyMap<number, string>;
  /** Rows that were left out, and why. */
  readonly quarantined: ReadonlyMap<number, string>;
  readonly nextBatch: number;
  /** The last run confirmed all that it had planned. */
  readonly done: boolean;
}

/** Folds records, oldest first, into what they add up to. */
export function foldRecords(records: readonly JournalRecord[]): JournalState {
  const sum: Sum = {
    intents: new Map(),
    blocks: new Map(),
    ids: new Map(),
    stored: [],
    found: [],
    planned: [],
    quarantined: new Map(),
    nextBatch: 0,
    done: false,
  };
  for (const record of records) addRecord(sum, record);
  const stored = mergeRanges([...sum.stored, ...sum.found]);
  const isStored = membership(stored);
  const quarantined = new Map([...sum.quarantined].filter(([row]) => !isStored(row)).sort(([a], [b]) => a - b));
  const isOpen = (intent: IntentRecord) => subtractRanges(mergeRanges(intent.rows), stored).length > 0;
  return {
    ...(sum.job && { job: sum.job }),
    ...(sum.data && { data: sum.data }),
    blocks: sum.blocks,
    planned: mergeRanges(sum.planned),
    stored,
    found: mergeRanges(sum.found),
    unknown: [...sum.intents.values()].filter(isOpen),
    ids: sum.ids,
    quarantined,
    nextBatch: sum.nextBatch,
    done: sum.done,
  };
}

interface Sum {
  job?: JobRecord;
  data?: NonNullable<JournalState['data']>;
  readonly intents: Map<number, IntentRecord>;
  readonly blocks: Map<number, string>;
  readonly ids: Map<number, string>;
  readonly stored: Range[];
  readonly found: Range[];
  readonly planned: Range[];
  readonly quarantined: Map<number, string>;
  nextBatch: number;
  done: boolean;
}

function addRecord(sum: Sum, record: JournalRecord): void {
  sum.done = record.t === 'done';
  switch (record.t) {
    case 'job':
      sum.job = record;
      break;
    case 'data':
      sum.data = record;
      break;
    case 'blocks':
      for (const [block, hash] of Object.entries(record.hashes)) sum.blocks.set(Number(block), hash);
      break;
    case 'plan':
      sum.planned.push(...record.rows);
      break;
    case 'found':
      sum.found.push(...record.rows);
      for (const [row, id] of Object.entries(record.ids ?? {})) sum.ids.set(Number(row), id);
      break;
    case 'intent':
      sum.intents.set(record.batch, record);
      sum.nextBatch = Math.max(sum.nextBatch, record.batch + 1);
      break;
    case 'dropped':
      sum.intents.delete(record.batch);
      break;
    case 'stored':
      addStored(sum, record.batch, record.ids);
      break;
    case 'quarantined':
      for (const [row, why] of Object.entries(record.rows)) sum.quarantined.set(Number(row), why);
      break;
    case 'resolved':
      addResolved(sum, record.row, record.id);
      break;
    case 'done':
      break;
  }
}

/** A row that was settled by hand leaves its batch; what is left of that is no longer the body that was sent. */
function addResolved(sum: Sum, row: number, id: string | null): void {
  const range: Range = [row, row + 1];
  for (const [batch, intent] of sum.intents) {
    const rows = subtractRanges(mergeRanges(intent.rows), [range]).map(([start, end]): [number, number] => [
      start,
      end,
    ]);
    if (rows.length === 0) sum.intents.delete(batch);
    else sum.intents.set(batch, { ...intent, rows });
  }
  if (id === null) return;
  sum.found.push(range);
  sum.ids.set(row, id);
}

function addStored(sum: Sum, batch: number, given: readonly string[] | undefined): void {
  const intent = sum.intents.get(batch);
  if (!intent) return;
  sum.intents.delete(batch);
  sum.stored.push(...intent.rows);
  let i = 0;
  for (const row of given ? eachRow(intent.rows) : []) sum.ids.set(row, (given as readonly string[])[i++] as string);
}

/** Rows still to be sent in new batches: planned, not confirmed, and not in a batch whose outcome is unknown. */
export function pendingRows(state: JournalState, planned: Ranges): Ranges {
  const open = subtractRanges(planned, state.stored);
  return subtractRanges(open, mergeRanges(state.unknown.flatMap((intent) => intent.rows)));
}

/** Of pending rows, those that an earlier run had to leave out: the server kept failing them. */
export function doubtfulRows(state: JournalState, pending: Ranges): Ranges {
  return intersectRanges(pending, rangesOf(state.quarantined.keys()));
}
