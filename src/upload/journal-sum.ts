import { eachRow, mergeRanges, type Range, subtractRanges } from '../tensor/ranges.ts';
import {
  type DataRecord,
  failedAgain,
  type IntentRecord,
  type JobRecord,
  type JournalRecord,
  lookedUp,
  madeAgain,
  neverSent,
  type PausedRecord,
  type TypedRecord,
} from './journal-records.ts';

/** What records add up to, while they are being added. */
export interface Sum {
  job?: JobRecord;
  /** The commands that its runs were started with, each with the rows that they planned. */
  readonly commands: { readonly typed: TypedRecord; readonly rows: Range[] }[];
  data?: DataRecord;
  readonly intents: Map<number, IntentRecord>;
  readonly blocks: Map<number, string>;
  readonly ids: Map<number, string>;
  stored: Range[];
  found: Range[];
  planned: Range[];
  readonly quarantined: Map<number, string>;
  /** Rows that failed alone while the server took others. */
  readonly suspects: Set<number>;
  /** Rows of batches without an answer that were made again: they may be there until something shows what became of them. */
  remade: Range[];
  /** Rows that may have reached the server, by the batch that they were in. */
  readonly sent: Map<number, readonly Range[]>;
  deleted: Range[];
  deleting: Range[];
  nextBatch: number;
  done: boolean;
  /** The limit that the last run ended at, if it did. */
  paused?: PausedRecord;
  /** Whether the job was done when a deletion began that has not deleted anything yet. */
  wasDone: boolean;
}

/** Adds the next record. */
export function addRecord(sum: Sum, record: JournalRecord): void {
  const wasDone = sum.done;
  sum.done = record.t === 'done';
  delete sum.paused;
  switch (record.t) {
    case 'job':
      sum.job = record;
      break;
    case 'typed':
      sum.commands.push({ typed: record, rows: [] });
      sum.done = wasDone;
      break;
    case 'data':
      if (!sum.data) forgetRows(sum);
      sum.data = record;
      break;
    case 'blocks':
      for (const [block, hash] of Object.entries(record.hashes)) sum.blocks.set(Number(block), hash);
      break;
    case 'plan':
      sum.wasDone = false;
      if (record.whole) sum.planned = [];
      add(sum.planned, record.rows);
      add(sum.commands.at(-1)?.rows ?? [], record.rows);
      sum.deleted = without(sum.deleted, record.rows);
      sum.deleting = without(sum.deleting, record.rows);
      break;
    case 'found':
      add(sum.found, record.rows);
      sum.deleting = without(sum.deleting, record.rows);
      // A deletion that was begun and did nothing leaves a finished job finished.
      sum.done = sum.wasDone && sum.deleting.length === 0;
      for (const [row, id] of Object.entries(record.ids ?? {})) sum.ids.set(Number(row), id);
      break;
    case 'intent':
      sum.intents.set(record.batch, record);
      sum.sent.set(record.batch, record.rows);
      sum.nextBatch = Math.max(sum.nextBatch, record.batch + 1);
      break;
    case 'dropped':
      if (record.why === failedAgain) addSuspect(sum, sum.intents.get(record.batch));
      if (record.why === neverSent) sum.sent.delete(record.batch);
      noteRemade(sum, record.why, sum.intents.get(record.batch)?.rows ?? []);
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
    case 'deleting':
      sum.wasDone ||= wasDone;
      takeBack(sum, record.rows);
      add(sum.deleting, record.rows);
      break;
    case 'deleted':
      sum.wasDone = false;
      addDeleted(sum, record.rows);
      break;
    case 'paused':
      sum.paused = record;
      break;
    case 'done':
      break;
  }
}

/** Suspects the only row of a batch that kept failing. If nothing was stored yet, the failure says nothing about the row. */
function addSuspect({ stored, suspects }: Sum, intent: IntentRecord | undefined): void {
  const [row, second] = intent ? eachRow(mergeRanges(intent.rows)) : [];
  if (row !== undefined && second === undefined && stored.length > 0) suspects.add(row);
}

/** Rows that were made again without an answer stay doubtful until they were looked for. */
function noteRemade(sum: Sum, why: string, rows: readonly Range[]): void {
  if (why === madeAgain) add(sum.remade, rows);
  if (why === lookedUp || why === failedAgain) sum.remade = without(sum.remade, rows);
}

/** Takes rows out of an open batch. What is left of it is no longer the body that was sent. */
function leaveOut({ intents }: Sum, intent: IntentRecord, out: readonly Range[]): void {
  const rows = subtractRanges(mergeRanges(intent.rows), mergeRanges(out));
  if (rows.length === 0) intents.delete(intent.batch);
  else intents.set(intent.batch, { ...intent, rows });
}

/** Takes a row that was settled by hand out of its batch. */
function addResolved(sum: Sum, row: number, id: string | null): void {
  const range: Range = [row, row + 1];
  for (const intent of sum.intents.values()) leaveOut(sum, intent, [range]);
  sum.remade = without(sum.remade, [range]);
  if (id === null) return;
  sum.found.push(range);
  sum.ids.set(row, id);
}

/**
 * Forgets that the server has these rows. Batches that were settled by then are closed for good; open ones lose these rows,
 * since sending them again would bring the rows back.
 */
function takeBack(sum: Sum, rows: readonly Range[]): void {
  const known = mergeRanges([...sum.stored, ...sum.found]);
  for (const [batch, intent] of sum.intents) {
    if (subtractRanges(mergeRanges(intent.rows), known).length === 0) sum.intents.delete(batch);
    else leaveOut(sum, intent, rows);
  }
  sum.stored = without(sum.stored, rows);
  sum.found = without(sum.found, rows);
  sum.remade = without(sum.remade, rows);
}

/** Forgets what was planned, sent and left out of earlier data: it says nothing about the new data. */
function forgetRows(sum: Sum): void {
  sum.planned = [];
  sum.sent.clear();
  sum.quarantined.clear();
  sum.suspects.clear();
}

/** Once its last row is deleted, a job forgets which data it had: other data may go to the same place from then on. */
function addDeleted(sum: Sum, rows: readonly Range[]): void {
  takeBack(sum, rows);
  sum.deleting = without(sum.deleting, rows);
  add(sum.deleted, rows);
  for (const row of sum.ids.size > 0 ? eachRow(mergeRanges(rows)) : []) sum.ids.delete(row);
  const { stored, found, deleting, remade } = sum;
  if (stored.length + found.length + deleting.length + remade.length + sum.intents.size > 0) return;
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
  add(sum.stored, intent.rows);
  let i = 0;
  for (const row of given ? eachRow(intent.rows) : []) sum.ids.set(row, (given as readonly string[])[i++] as string);
}

/** Appends ranges one by one: there may be too many for one call's arguments. Joins a range that continues the last one. */
function add(ranges: Range[], more: readonly Range[]): void {
  for (const range of more) {
    const last = ranges.at(-1);
    if (last?.[1] === range[0]) ranges[ranges.length - 1] = [last[0], range[1]];
    else ranges.push(range);
  }
}
