import { eachRow, mergeRanges, type Range, type Ranges, subtractRanges } from '../tensor/ranges.ts';
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
  /** Rows that this job ever set out to send, after it had seen that the server lacks them. */
  readonly sent: Ranges;
  /** Rows taken back since they were last planned: like rows never planned, they are looked up before they are sent. */
  readonly deleted: Ranges;
  /** Of these, rows whose deletion was begun and never seen to be done. */
  readonly deleting: Ranges;
  /** Row number to the name that the server gave it. */
  readonly ids: ReadonlyMap<number, string>;
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
    sent: [],
    deleted: [],
    deleting: [],
    nextBatch: 0,
    done: false,
  };
  for (const record of records) addRecord(sum, record);
  const stored = mergeRanges([...sum.stored, ...sum.found]);
  const isOpen = (intent: IntentRecord) => subtractRanges(mergeRanges(intent.rows), stored).length > 0;
  return {
    ...(sum.job && { job: sum.job }),
    ...(sum.data && { data: sum.data }),
    blocks: sum.blocks,
    planned: mergeRanges(sum.planned),
    stored,
    found: mergeRanges(sum.found),
    unknown: [...sum.intents.values()].filter(isOpen),
    sent: mergeRanges(sum.sent),
    deleted: mergeRanges([...sum.deleted, ...sum.deleting]),
    deleting: mergeRanges(sum.deleting),
    ids: sum.ids,
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
  stored: Range[];
  found: Range[];
  readonly planned: Range[];
  readonly sent: Range[];
  deleted: Range[];
  deleting: Range[];
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
      sum.deleted = without(sum.deleted, record.rows);
      sum.deleting = without(sum.deleting, record.rows);
      break;
    case 'found':
      sum.found.push(...record.rows);
      sum.deleting = without(sum.deleting, record.rows);
      for (const [row, id] of Object.entries(record.ids ?? {})) sum.ids.set(Number(row), id);
      break;
    case 'intent':
      sum.intents.set(record.batch, record);
      sum.sent.push(...record.rows);
      sum.nextBatch = Math.max(sum.nextBatch, record.batch + 1);
      break;
    case 'dropped':
      sum.intents.delete(record.batch);
      break;
    case 'stored':
      addStored(sum, record.batch, record.ids);
      break;
    case 'deleting':
      takeBack(sum, record.rows);
      sum.deleting.push(...record.rows);
      break;
    case 'deleted':
      addDeleted(sum, record.rows);
      break;
    case 'done':
      break;
  }
}

/** Nothing is known of these rows any more; batches that were settled before, or were all of them, stay so. */
function takeBack(sum: Sum, rows: readonly Range[]): void {
  const known = mergeRanges([...sum.stored, ...sum.found, ...rows]);
  for (const [batch, intent] of sum.intents) {
    if (subtractRanges(mergeRanges(intent.rows), known).length === 0) sum.intents.delete(batch);
  }
  sum.stored = without(sum.stored, rows);
  sum.found = without(sum.found, rows);
}

/** With its last row a job forgets what data it had: other data may go to the same place from now on. */
function addDeleted(sum: Sum, rows: readonly Range[]): void {
  takeBack(sum, rows);
  sum.deleting = without(sum.deleting, rows);
  sum.deleted.push(...rows);
  for (const row of sum.ids.size > 0 ? eachRow(mergeRanges(rows)) : []) sum.ids.delete(row);
  if (sum.stored.length + sum.found.length + sum.deleting.length + sum.intents.size > 0) return;
  delete sum.data;
  sum.blocks.clear();
}

function without(ranges: readonly Range[], rows: readonly Range[]): Range[] {
  return [...subtractRanges(mergeRanges(ranges), mergeRanges(rows))];
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
