import { crc32 } from 'node:zlib';
import * as z from '../schema.ts';
import type { Ranges } from '../tensor/ranges.ts';
import { tryParseJson } from '../try-parse-json.ts';
import type { RowRun } from './row-runs.ts';

const range = z.tuple([z.int().check(z.nonnegative()), z.int().check(z.nonnegative())]);
const ranges: z.ZodMiniType<Ranges> = z.array(range);

/** What an upload belongs to. Server, account, model, source, `as`, shard and request decide the job's id (see `jobId`). */
const jobSchema = z.object({
  t: z.literal('job'),
  version: z.literal(1),
  /** The server's own id, or its origin if it has none. */
  server: z.string(),
  serverKind: z.string(),
  serverName: z.string(),
  account: z.string(),
  accountName: z.string(),
  model: z.string(),
  source: z.string(),
  as: z.enum(['features', 'vectors', 'vector', 'probe', 'activations']),
  /** Part of the SAE, such as `2/8`, if the job is of one. */
  shard: z.optional(z.string()),
  /** What sets it apart from otherwise identical jobs, such as `index 7` (absent in journals of earlier versions). */
  request: z.optional(z.string()),
  /** What tells a single vector from others on the server, as a digest (see `JobIdentity`). */
  vector: z.optional(z.string()),
  /** For people: what was typed, and what to type to go on. */
  title: z.string(),
  command: z.string(),
  createdAt: z.string(),
});

/** The command line that a run of this job was started with, so that its files can be found again. */
const typedSchema = z.object({
  t: z.literal('typed'),
  /** Arguments after the program's name. */
  words: z.array(z.string()),
  /** The folder that relative paths among them start from. */
  folder: z.string(),
  /** The same command as a person types it to go on. */
  command: z.optional(z.string()),
});

export type TypedRecord = z.infer<typeof typedSchema>;

const runs: z.ZodMiniType<readonly RowRun[]> = z.array(z.tuple([z.number(), z.number(), z.number()]));

/** The data: its shape, and everything sent besides the values, as a JSON object. */
const dataSchema = z.object({
  t: z.literal('data'),
  rows: z.number(),
  width: z.number(),
  fields: z.string(),
  /** Which feature each row is, if that is not the row's own number (see `row-runs.ts`). */
  indices: z.optional(runs),
});

export type DataRecord = z.infer<typeof dataSchema>;

/** Digests of whole blocks of rows, by block number (see `fingerprint.ts`). */
const blocksSchema = z.object({ t: z.literal('blocks'), hashes: z.record(z.string(), z.string()) });

/** Rows that a run set out to have on the server. If they are the `whole` upload, no others are to be sent any more. */
const planSchema = z.object({ t: z.literal('plan'), rows: ranges, whole: z.optional(z.literal(true)) });

/** Rows that a look-up found on the server, with its names for them if it gives any. */
const foundSchema = z.object({
  t: z.literal('found'),
  rows: ranges,
  ids: z.optional(z.record(z.string(), z.string())),
});

/** A batch that is about to be sent; durable before that. Until its answer is recorded, its outcome is unknown. */
const intentSchema = z.object({
  t: z.literal('intent'),
  batch: z.number(),
  key: z.string(),
  rows: ranges,
  hash: z.string(),
  /** What its one row can be recognised by, on a server that names rows itself. */
  identity: z.optional(z.object({ label: z.string(), place: z.string(), hash: z.string() })),
});

/** The server has the batch. `ids` are the names it gave, in row order, if it gives any. */
const storedSchema = z.object({ t: z.literal('stored'), batch: z.number(), ids: z.optional(z.array(z.string())) });

/**
 * Reasons for a drop that count when the journal is read: its turn never came; the server kept failing on the batch; it was
 * looked up; or it got no answer and its rows go into other batches, while the server may have them.
 */
export const neverSent = 'not sent';
export const failedAgain = 'failed';
export const lookedUp = 'looked up';
export const madeAgain = 'made again';

/** The batch was given up: rows of it that are not known to be stored go into other batches (see `drop`). */
const droppedSchema = z.object({ t: z.literal('dropped'), batch: z.number(), why: z.string() });

/** Rows that were left out, and why, by row: they failed the check, or the server keeps failing on them. */
const quarantinedSchema = z.object({ t: z.literal('quarantined'), rows: z.record(z.string(), z.string()) });

/** The user has said what became of a row without an answer: the server has it under `id`, or (null) not at all. */
const resolvedSchema = z.object({ t: z.literal('resolved'), row: z.number(), id: z.nullable(z.string()) });

/** A run finished: all rows that it had planned were confirmed or left out. */
const doneSchema = z.object({ t: z.literal('done'), at: z.string() });

/** A run ended at a limit. The next may go on at `resumeAt` (ISO 8601), if known. Any later record ends the pause. */
const pausedSchema = z.object({
  t: z.literal('paused'),
  at: z.string(),
  why: z.string(),
  resumeAt: z.nullable(z.string()),
});

export type PausedRecord = z.infer<typeof pausedSchema>;

/** Rows that are about to be deleted: whether the server still has them is unknown until the next record about them. */
const deletingSchema = z.object({ t: z.literal('deleting'), rows: ranges });

/** Rows that were deleted: the server was seen to have them no longer. */
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

/** Returns a record as a line of the journal: a CRC-32 of the JSON in hex, a space, the JSON. */
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
  // The checksum only says that the line is what was written.
  const parsed = recordSchema.safeParse(tryParseJson(json));
  return parsed.success ? parsed.data : undefined;
}

/** How much of a journal can be read. */
export interface Soundness {
  /** Bytes up to the end of the last record before any damage. */
  readonly goodBytes: number;
  /** The file does not end with a newline, as after a crash in mid-write. */
  readonly tornTail: boolean;
  /** A whole line is unreadable: what it said is lost, but may have been acted on. */
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

/** Does the same, and returns all records at once. */
export function decodeJournal(bytes: Buffer): Soundness & { readonly records: readonly JournalRecord[] } {
  const records: JournalRecord[] = [];
  return { ...scanJournal(bytes, (record) => records.push(record)), records };
}
