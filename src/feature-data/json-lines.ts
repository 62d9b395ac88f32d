import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import { type ByteSource, openFile, readBytes } from '../tensor/byte-source.ts';
import { lineIndex, readJsonLine, saysNoIndex } from '../tensor/json-line.ts';
import { linesOf } from '../tensor/lines.ts';
import { type RequireUnchanged, unchangedSince } from '../tensor/unchanged.ts';
import { type FactsOrFault, factsOf } from './facts.ts';
import type { FeatureData, FeatureSet, SparsityScale } from './feature-data.ts';
import { gather } from './gather.ts';

/** A line of facts. `factsOf` reads what is not named here: other known facts, or metadata. */
const lineSchema = z.looseObject({
  index: lineIndex,
  modelId: z.nullish(z.string()),
  layer: z.nullish(z.union([z.string(), z.number()])),
  metadata: z.nullish(z.looseObject({})),
});

type Line = z.infer<typeof lineSchema> & { readonly index: number };

/** Bytes read at once: rows are usually read in order, and their lines are short. */
const windowBytes = 1 << 18;

/**
 * Opens a `.jsonl` that describes one feature per line: reads it once, checks every line, and remembers where each row's
 * line is. Errors: file_not_found, record_invalid listing the first faults by line.
 */
export async function openFactLines(
  path: string,
  set: FeatureSet,
  scale: SparsityScale | undefined,
): Promise<FeatureData> {
  const requireUnchanged = unchangedSince(path);
  const bytes = await openFile(path);
  try {
    const { starts, lengths, hash, ...gathered } = await scan(path, bytes, set, scale);
    const readSpan = windowed(bytes, requireUnchanged);
    return {
      path,
      ...gathered,
      notes: [],
      hash,
      async read(row) {
        const length = lengths[row] as number;
        if (length === 0) return undefined;
        const line = parseLine(await readSpan(starts[row] as number, length));
        const read = typeof line === 'string' ? line : readLine(line, scale);
        if (typeof read === 'object' && 'facts' in read) return read.facts;
        if (read === undefined) return undefined;
        throw new AppError('file_unreadable', `${path}: line of row ${row}: changed while it was being read`);
      },
      close: () => bytes.close(),
    };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

async function scan(path: string, bytes: ByteSource, set: FeatureSet, scale: SparsityScale | undefined) {
  const starts = new Float64Array(set.rows);
  const lengths = new Uint32Array(set.rows);
  const found = gather(path, set);
  const hash = createHash('sha256').update(scale ?? '');
  let number = 0;
  for await (const { text, start } of linesOf(path, bytes, (chunk) => hash.update(chunk))) {
    number++;
    if (text.length === 0 || text.toString().trim() === '') continue;
    const line = parseLine(text);
    if (typeof line === 'string') {
      found.fault(`line ${number}: ${line}`);
      continue;
    }
    const row = found.claim(`line ${number}`, line.index);
    if (row === undefined) continue;
    found.add(`line ${number}, feature ${line.index}`, row, set.placeFault(line) ?? readLine(line, scale));
    starts[row] = start;
    lengths[row] = text.length;
  }
  return { starts, lengths, hash: hash.digest('hex'), ...found.finish() };
}

function parseLine(text: Uint8Array): Line | string {
  const parsed = readJsonLine(text, lineSchema);
  if (typeof parsed === 'string') return parsed;
  const { index } = parsed;
  return index == null ? saysNoIndex(parsed) : { ...parsed, index };
}

function readLine({ metadata, ...own }: Line, scale: SparsityScale | undefined): FactsOrFault {
  return factsOf([...Object.entries(metadata ?? {}), ...Object.entries(own)], scale);
}

function windowed(
  bytes: ByteSource,
  requireUnchanged: RequireUnchanged,
): (start: number, length: number) => Promise<Uint8Array> {
  let from = 0;
  let kept = new Uint8Array(0);
  return async (start, length) => {
    if (start < from || start + length > from + kept.length) {
      kept = await readBytes(bytes, start, Math.min(bytes.size - start, Math.max(length, windowBytes)));
      requireUnchanged();
      from = start;
    }
    return kept.subarray(start - from, start - from + length);
  };
}
