import { crc32 } from 'node:zlib';
import * as z from '../schema.ts';
import type { Ranges } from '../tensor/ranges.ts';
import type { RowRun } from './row-runs.ts';

const range = z.tuple([z.int().check(z.nonnegative()), z.int().check(z.nonnegative())]);
const ranges: z.ZodMiniType<Ranges> = z.array(range);

/** What an upload belongs to. All of it together is the job's identity: nothing else decides where its journal lies. */
const jobSchema = z.object({
  t: z.literal('job'),
  version: z.literal(1),
  /** The server's own id, or its origin where it has none. */
  server: z.string(),
  serverKind: z.string(),
  serverName: z.string(),
  account: z.string(),
  accountName: z.string(),
  model: z.string(),
  source: z.string(),
  as: z.enum(['features', 'vectors', 'vector', 'probe', 'activations']),
  /** Part of the SAE, such as `2/8`, where the job is of one. */
  shard: z.optional(z.string()),
  /** What sets it apart from jobs that share all else, such as `index 7` (absent in journals of earlier versions). */
  request: z.optional(z.string()),
  /** For people: what was typed, and what to type to go on. */
  title: z.string(),
  command: z.string(),
  createdAt: z.string(),
});

/** The command line that a run of this job was started with, so that its files can be found again. */
const typedSchema = z.object({
  t: z.literal('typed'),
  /** Words behind the program's name. */
  words: z.array(z.string()),
  /** The folder that relative paths among them are of. */
  folder: z.string(),
  /** The same as a person types it to go on. */
  command: z.optional(z.string()),
});

export type TypedRecord = z.infer<typeof typedSchema>;

const runs: z.ZodMiniType<readonly RowRun[]> = z.array(z.tuple([z.number(), z.number(), z.number()]));

/** The data: its shape, and all that is sent beside the values, as a JSON object. */
const dataSchema = z.object({
  t: z.literal('data'),
  rows: z.number(),
  width: z.number(),
  fields: z.string(),
  /** Which feature each row is, where that is not the row's own number (see `row-runs.ts`). */
  indices: z.optional(runs),
});

export type DataRecord = z.infer<typeof dataSchema>;

/** Digests of whole blocks of rows, by block number (see `fingerprint.ts`). */
const blocksSchema = z.object({ t: z.literal('blocks'), hashes: z.record(z.string(), z.string()) });

/** Rows that a run set out to have on the server. */
const planSchema = z.object({ t: z.literal('plan'), rows: ranges });

/** Rows that were on the server before this run sent them, with the server's names for them where it has any. */
const foundSchema = z.object({
  t: z.literal('found'),
  rows: ranges,
  ids: z.optional(z.record(z.string(), z.string())),
});

/** Durable before its send. Without an answer the outcome is unknown. */
const intentSchema = z.object({
  t: z.literal('intent'),
  batch: z.number(),
  key: z.string(),
  rows: ranges,
  hash: z.string(),
  /** By what its one row can be recognised, on a server that names rows itself. */
  identity: z.optional(z.object({ label: z.string(), place: z.string(), hash: z.string() })),
});

/** The server has the batch. `ids` are the names it gave, in row order, where it gives any. */
const storedSchema = z.object({ t: z.literal('stored'), batch: z.number(), ids: z.optional(z.array(z.string())) });

/** Why a batch was dropped, where that is read again: its turn never came, or the server failed it again and again. */
export const neverSent = 'not sent';
export const failedAgain = 'failed';

/** The server certainly does not have the batch: its rows are to be sent again, in other batches. */
const droppedSchema = z.object({ t: z.literal('dropped'), batch: z.number(), why: z.string() });

/** Rows that were left out, and why: by row, those that failed the check or that the server keeps failing. */
const quarantinedSchema = z.object({ t: z.literal('quarantined'), rows: z.record(z.string(), z.string()) });

/** A person has said what became of a row without an answer: the server has it under `id`, or (null) not at all. */
const resolvedSchema = z.object({ t: z.literal('resolved'), row: z.number(), id: z.nullable(z.string()) });

/** The whole plan was confirmed. */
const doneSchema = z.object({ t: z.literal('done'), at: z.string() });

/** A run ended at a limit: when the next may go on, in ISO 8601, where that is known. Any later record is of a run that did. */
const pausedSchema = z.object({
  t: z.literal('paused'),
  at: z.string(),
  why: z.string(),
  resumeAt: z.nullable(z.string()),
});

export type PausedRecord = z.infer<typeof pausedSchema>;

/** Rows that are about to be taken back: whether the server still has them is open until the next record on them. */
const deletingSchema = z.object({ t: z.literal('deleting'), rows: ranges });

/** Rows that were taken back: the server was seen to have them no more. */
const deletedSchema = z.object({ t: z.literal('deleted'), rows: ranges });

const recordSchema = z.discriminatedUnion('t', [
  jobSchema,
  typedSchema,
  dataSchema,
  blocksSchema,
  planSchema,
  foundSchema,
  intentSchema,
  storedSchema,
  droppedSchema,
  quarantinedSchema,
  resolvedSchema,
  doneSchema,
  pausedSchema,
  deletingSchema,
  deletedSchema,
]);

export type JobRecord = z.infer<typeof jobSchema>;
export type IntentRecord = z.infer<typeof intentSchema>;
export type JournalRecord = z.infer<typeof recordSchema>;

/** One line of the journal: a CRC-32 of the JSON in hex, a space, the JSON. */
export function encodeRecord(record: JournalRecord): string {
  const json = JSON.stringify(record);
  return `${checksum(json)} ${json}\n`;
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}

function decodeLine(line: string): JournalRecord | undefined {
  const json = line.slice(9);
  if (line[8] !== ' ' || line.slice(0, 8) !== checksum(json)) return undefined;
  const parsed = recordSchema.safeParse(parseJson(json));
  return parsed.success ? parsed.data : undefined;
}

/** Undefined where it is no JSON: a checksum only says that it is what was written. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How much of a journal can be read. */
export interface Soundness {
  /** Bytes up to the end of the last good record. */
  readonly goodBytes: number;
  /** What lies behind the last good record has no end of line, as a crash in mid-write leaves it. */
  readonly tornTail: boolean;
  /** A whole line is unreadable: what it said is lost, and it may have been acted on. */
  readonly damaged: boolean;
}

/**
 * Reads a journal back, record by record. A torn tail is expected after a crash; damage anywhere else is reported, never
 * passed over.
 */
export function scanJournal(bytes: Buffer, onRecord: (record: JournalRecord) => void): Soundness {
  let goodBytes = 0;
  let damaged = false;
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start);
    if (newline < 0) break;
    const record = decodeLine(bytes.toString('utf8', start, newline));
    if (record) onRecord(record);
    else damaged = true;
    start = newline + 1;
    if (!damaged) goodBytes = start;
  }
  return { goodBytes, tornTail: bytes.length > 0 && bytes.at(-1) !== 10, damaged };
}

/** The same, with all records at once. */
export function decodeJournal(bytes: Buffer): Soundness & { readonly records: readonly JournalRecord[] } {
  const records: JournalRecord[] = [];
  return { ...scanJournal(bytes, (record) => records.push(record)), records };
}
