import { extname } from 'node:path';
import { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import { type ByteSource, memoryBytes, readBytes } from '../tensor/byte-source.ts';
import { likeIndices } from '../tensor/indices.ts';
import { readJsonLine } from '../tensor/json-line.ts';
import { beginning, linesOf } from '../tensor/lines.ts';
import { denseStrides, inMemory, type Tensor } from '../tensor/tensor.ts';
import type { Contents } from './format.ts';
import { invalidJson } from './json-text.ts';

/** A line of a `.jsonl` file of vectors. Other keys are facts about the feature, which are read elsewhere. */
const lineSchema = z.looseObject({
  vector: z.array(z.number()).check(z.minLength(1)),
  index: z.optional(
    z.pipe(
      z.union([z.number(), z.pipe(z.string().check(z.regex(/^\d+$/)), z.transform(Number))]),
      z.int().check(z.gte(0), z.lte(0xffffffff)),
    ),
  ),
});

type Line = z.infer<typeof lineSchema>;

/** Where the line of a row lies, and its line number in the file, from 1. */
interface Place {
  readonly number: number;
  readonly start: number;
  readonly length: number;
}

/** Whether a file has one JSON document per line: by its name, or because it begins like a row with an index. */
export async function isJsonRows(path: string, bytes: ByteSource): Promise<boolean> {
  const head = beginning(await readBytes(bytes, 0, Math.min(64, bytes.size)));
  const isNamed = ['.jsonl', '.ndjson'].includes(extname(path).toLowerCase());
  return isNamed ? /^\s*\{/.test(head) : /^\s*\{\s*"(?:feature_)?index"\s*:\s*["\d]/.test(head);
}

/**
 * Describes a `.jsonl` with one vector per line as a matrix `vector`, with the `index` of its rows if lines have one.
 * Reads and checks every line; parses its numbers again when its row is needed. Errors: format_invalid, record_invalid.
 */
export async function openJsonRows(path: string, bytes: ByteSource): Promise<Contents> {
  const places: Place[] = [];
  const indices: number[] = [];
  let width: number | undefined;
  let number = 0;
  for await (const { text, start } of linesOf(path, bytes, () => undefined)) {
    number++;
    if (text.toString('latin1').trim() === '') continue;
    const { vector, index } = parseRow(path, number, text, places.length);
    width ??= vector.length;
    if (vector.length !== width) {
      throw invalidJson(
        path,
        `line ${number}: has a vector of ${vector.length} values; the lines before it have ${width}`,
      );
    }
    if (index !== undefined) indices.push(index);
    places.push({ number, start, length: text.length });
    if (indices.length > 0 && indices.length < places.length) {
      throw invalidJson(path, `line ${number}: some lines have an "index" and others have none`);
    }
  }
  if (width === undefined) throw invalidJson(path, 'holds no line with a vector');
  const rows = rowBytes(path, bytes, places, width);
  const vectors = { ...tensorOf(path, 'vector', [places.length, width], rows), byRow: 'each line is one vector' };
  const index: [string, Tensor][] = indices.length > 0 ? [['index', indexTensor(path, indices)]] : [];
  return { tensors: new Map([['vector', vectors], ...index]), undecodable: new Map(), metadata: new Map() };
}

/** Whether a value says that a row is another feature than its number. Any record may have an `id`. */
function isLikeIndex(name: string, value: unknown, row: number): boolean {
  const isNumber = typeof value === 'number' || typeof value === 'string';
  return name !== 'id' && likeIndices.test(name) && isNumber && /^-?\d+$/.test(`${value}`) && Number(value) !== row;
}

function parseRow(path: string, number: number, text: Uint8Array, row: number): Line {
  const line = readJsonLine(text, lineSchema);
  if (typeof line !== 'string') {
    const other =
      line.index === undefined ? Object.keys(line).find((name) => isLikeIndex(name, line[name], row)) : undefined;
    if (other === undefined) return line;
    // It would be lost in silence.
    throw invalidJson(path, `line ${number}: has "${other}" but no "index"`, [
      'if it says which feature this is, rename it to "index"; if not, leave it out: rows without an index are numbered from 0',
    ]);
  }
  throw invalidJson(path, `line ${number}: ${line}`, [
    'each line must hold one row: {"index": 42, "vector": [0.1, …]}',
  ]);
}

function tensorOf(file: string, name: string, shape: readonly number[], bytes: ByteSource): Tensor {
  // `inMemory` knows this machine's byte order.
  const { dtype, bigEndian } = inMemory(new Float32Array(0));
  return { file, name, dtype, bigEndian, shape, strides: denseStrides(shape), offset: 0, bytes };
}

function indexTensor(file: string, indices: readonly number[]): Tensor {
  const bytes = memoryBytes(new Uint8Array(Uint32Array.from(indices).buffer));
  return { ...tensorOf(file, 'index', [indices.length], bytes), dtype: 'U32' };
}

/** Rows as float32 bytes, parsed from their lines when they are read. Keeps the last row for further reads within it. */
function rowBytes(path: string, bytes: ByteSource, places: readonly Place[], width: number): ByteSource {
  const size = width * 4;
  let kept = { row: -1, values: new Uint8Array(0) };
  const readRow = async (row: number) => {
    if (row !== kept.row) {
      const { number, start, length } = places[row] as Place;
      const { vector } = parseRow(path, number, await readBytes(bytes, start, length), row);
      if (vector.length !== width) throw changed(path);
      kept = { row, values: new Uint8Array(Float32Array.from(vector).buffer) };
    }
    return kept.values;
  };
  return {
    size: places.length * size,
    async read(into, position) {
      for (let done = 0; done < into.length; ) {
        const at = position + done;
        const row = await readRow(Math.floor(at / size));
        const piece = row.subarray(at % size, (at % size) + into.length - done);
        into.set(piece, done);
        done += piece.length;
      }
    },
    async close() {},
  };
}

function changed(path: string): AppError {
  return new AppError('file_unreadable', `${path}: changed while it was being read`, { details: { file: path } });
}
