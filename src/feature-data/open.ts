import { extname } from 'node:path';
import { AppError } from '../errors.ts';
import { arrow } from '../formats/arrow.ts';
import { openFile, readBytes } from '../tensor/byte-source.ts';
import { beginning } from '../tensor/lines.ts';
import { fromColumns } from './arrays.ts';
import { readArrays } from './columns.ts';
import type { FeatureData, FeatureSet, SparsityScale } from './feature-data.ts';
import { openFactLines } from './json-lines.ts';

const logNote = 'its sparsity is a base-10 logarithm; the share of tokens is sent';

/** Bytes that are enough to recognise every format. */
const headBytes = 512;

/**
 * Opens a file that says something about each feature: a `.jsonl` keyed by index, or arrays with one value per feature.
 * Reads it once and checks all of it. `scale` says how to read its sparsity, if that was given.
 * Errors: file_not_found, record_invalid, and those of the formats.
 */
export async function openFeatureData(
  path: string,
  set: FeatureSet,
  scale: SparsityScale | undefined,
): Promise<FeatureData> {
  const data = await openAny(path, set, scale);
  const isLog = scale === 'log10' && data.fields.includes('sparsity');
  if (data.features > 0 || set.indices.isPart) return isLog ? { ...data, notes: [...data.notes, logNote] } : data;
  await data.close();
  throw new AppError('record_invalid', `${path}: says nothing of any feature`, { details: { file: path } });
}

async function openAny(path: string, set: FeatureSet, scale: SparsityScale | undefined): Promise<FeatureData> {
  const head = await readHead(path);
  if (isLines(path, head)) return openFactLines(path, set, scale);
  if (!arrow.sniff(head)) return fromColumns(path, await readArrays(path), set, scale);
  // Loaded only when needed, like everything that reads Arrow's metadata.
  const { readTable } = await import('./arrow-table.ts');
  return fromColumns(path, await readTable(path), set, scale);
}

async function readHead(path: string): Promise<Uint8Array> {
  const bytes = await openFile(path);
  try {
    return await readBytes(bytes, 0, Math.min(headBytes, bytes.size));
  } finally {
    await bytes.close();
  }
}

/** Whether a file has a JSON object per line: text that begins with one. A `.json` is one document, with arrays in it. */
function isLines(path: string, head: Uint8Array): boolean {
  const type = extname(path).toLowerCase();
  if (type === '.jsonl' || type === '.ndjson') return true;
  return type !== '.json' && /^\s*\{/.test(beginning(head)) && !head.includes(0);
}
