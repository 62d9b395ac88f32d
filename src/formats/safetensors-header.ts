import { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import { dtypeSize, isDtype } from '../tensor/dtype.ts';
import { elementCount, quoted } from '../tensor/tensor.ts';
import { findDuplicateKey } from './json-keys.ts';

/** One entry of a safetensors header; offsets count from the end of the header. */
export interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly entries: readonly SafetensorsEntry[];
  readonly metadata: ReadonlyMap<string, string>;
}

const count = z.int().check(z.nonnegative(), z.lte(Number.MAX_SAFE_INTEGER));
const entrySchema = z.object({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) });
const metadataSchema = z.record(z.string(), z.string());

/**
 * Parses a safetensors header and checks it against `dataSize`, the number of bytes that follow it. Applies every rule of
 * the format's own reader (no duplicate key, hole, overlap or byte left over; sizes fit shapes). Error: format_invalid.
 */
export function parseSafetensorsHeader(file: string, text: string, dataSize: number): SafetensorsHeader {
  const fields = parseObject(file, text);
  const metadata = new Map(Object.entries(readMetadata(file, fields.get('__metadata__'))));
  fields.delete('__metadata__');
  const entries = [...fields].map(([name, value]) => readEntry(file, name, value));
  checkLayout(file, entries, dataSize);
  return { entries, metadata };
}

function parseObject(file: string, text: string): Map<string, unknown> {
  let value: unknown;
  let duplicate: string | undefined;
  try {
    duplicate = findDuplicateKey(text);
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(file, `has a header that is not JSON: ${(cause as Error).message}`);
  }
  if (duplicate !== undefined) throw invalid(file, `has the key ${quoted(duplicate)} twice in its header (duplicate)`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(file, 'has a header that is not a JSON object');
  }
  // Object.entries and a Map, because a tensor may be called __proto__.
  return new Map(Object.entries(value));
}

function readMetadata(file: string, value: unknown): Record<string, string> {
  if (value === undefined) return {};
  const parsed = metadataSchema.safeParse(value);
  if (!parsed.success) throw invalid(file, 'has a __metadata__ that is not an object of strings');
  return parsed.data;
}

function readEntry(file: string, name: string, value: unknown): SafetensorsEntry {
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(
      file,
      `tensor ${quoted(name)}: ${issue?.path.join('.') || 'its header entry'} is wrong: ${issue?.message}`,
    );
  }
  const { dtype, shape, data_offsets } = parsed.data;
  const [start, end] = data_offsets;
  if (start > end) throw invalid(file, `tensor ${quoted(name)}: offsets [${start}, ${end}] begin after they end`);
  const entry = { name, dtype, shape, start, end };
  checkSize(file, entry);
  return entry;
}

/** Bits per element of the types that the format has but this tool does not decode. Some take less than a byte. */
const undecodedBits = new Map([
  ['C64', 64],
  ['F8_E8M0', 8],
  ['F8_E4M3FNUZ', 8],
  ['F8_E5M2FNUZ', 8],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['F4', 4],
]);

/** Checks the size of an entry. Unknown types cannot be checked, but their neighbours still bound them. */
function checkSize(file: string, { name, dtype, shape, start, end }: SafetensorsEntry): void {
  const elements = elementCount(shape);
  if (Number.isNaN(elements)) {
    throw invalid(file, `tensor ${quoted(name)}: shape [${shape}] is more elements than any file holds (overflow)`);
  }
  const bits = isDtype(dtype) ? 8 * dtypeSize(dtype) : undecodedBits.get(dtype);
  if (bits === undefined) return;
  const needed = (elements * bits) / 8;
  if (needed !== end - start) {
    throw invalid(
      file,
      `tensor ${quoted(name)}: ${dtype} values of shape [${shape}] take ${needed} bytes, its offsets [${start}, ${end}] hold ${end - start} (size mismatch)`,
    );
  }
}

function checkLayout(file: string, entries: readonly SafetensorsEntry[], dataSize: number): void {
  const inOrder = [...entries].sort((a, b) => a.start - b.start || a.end - b.end);
  let at = 0;
  for (const { name, start, end } of inOrder) {
    if (start < at)
      throw invalid(file, `tensor ${quoted(name)} begins at byte ${start} and overlaps another that ends at ${at}`);
    if (start > at)
      throw invalid(file, `has a hole of ${start - at} bytes before tensor ${quoted(name)} (offset ${start})`);
    at = end;
  }
  if (at > dataSize) {
    throw invalid(file, `is truncated: its tensors take ${at} bytes, found ${dataSize}`);
  }
  if (at < dataSize) throw invalid(file, `has ${dataSize - at} trailing bytes after its last tensor`);
}

/** The error for a file that breaks the format's rules. */
export function invalid(file: string, problem: string): AppError {
  return new AppError('format_invalid', `${file}: ${problem}`, { details: { file } });
}
