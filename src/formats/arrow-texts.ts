import { Type } from 'apache-arrow/fb/type';
import { type ByteSource, readBytes } from '../tensor/byte-source.ts';
import type { ArrowBatch } from './arrow-batches.ts';
import { invalid } from './arrow-errors.ts';
import type { Inflater } from './arrow-inflate.ts';
import type { ArrowField } from './arrow-schema.ts';
import { readValidity } from './arrow-validity.ts';

/** The texts of one batch: where each begins and ends among its bytes, which stay in the file. */
interface Texts {
  readonly firstRow: number;
  readonly offsets: Float64Array;
  readonly isThere: (i: number) => boolean;
  readonly source: ByteSource;
  readonly start: number;
}

/** Bytes read at once: texts are asked for in order, and are short. */
const windowBytes = 1 << 18;
const noText = 1 << 26;

/** A column of UTF-8 texts. Errors: format_invalid where offsets or bytes are not all there. */
export function textCollector(file: string, field: ArrowField, buffers: Inflater) {
  const batches: Texts[] = [];
  const read = windowed();
  return {
    async add(batch: ArrowBatch) {
      const offsets = await readTextOffsets(file, field, batch, buffers);
      const last = offsets.at(-1) ?? 0;
      const { source, start, size } = await buffers.open(batch.buffer(field.slot, 2), last);
      if (size < last) throw invalid(file, `column "${field.name}": has ${size} bytes of text, its rows need ${last}`);
      const isThere = await readValidity(file, field, batch, buffers);
      batches.push({ firstRow: batch.firstRow, offsets, isThere, source, start });
    },
    async at(row: number): Promise<string | undefined> {
      const batch = batches.findLast(({ firstRow }) => firstRow <= row) as Texts;
      const i = row - batch.firstRow;
      if (!batch.isThere(i)) return undefined;
      const [from, to] = [batch.offsets[i] as number, batch.offsets[i + 1] as number];
      if (to - from > noText) throw invalid(file, `column "${field.name}": a text of ${to - from} bytes at row ${row}`);
      return decode(file, field, await read(batch.source, batch.start + from, to - from), row);
    },
  };
}

function decode(file: string, field: ArrowField, bytes: Uint8Array, row: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw invalid(file, `column "${field.name}": row ${row} is not UTF-8`, cause);
  }
}

/** Where the texts of a batch begin, and where the last ends; they must not run backwards. */
async function readTextOffsets(
  file: string,
  field: ArrowField,
  batch: ArrowBatch,
  buffers: Inflater,
): Promise<Float64Array> {
  const size = field.type === Type.LargeUtf8 ? 8 : 4;
  const needed = (batch.rows + 1) * size;
  if (batch.rows === 0) return new Float64Array(1);
  const { source, start, size: found } = await buffers.open(batch.buffer(field.slot, 1), needed);
  if (found < needed)
    throw invalid(file, `column "${field.name}": has ${found} bytes of offsets, its rows need ${needed}`);
  const view = new DataView((await readBytes(source, start, needed)).buffer);
  const offsets = new Float64Array(batch.rows + 1);
  for (let i = 0; i <= batch.rows; i++) {
    const offset = size === 8 ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true);
    if (offset < (i === 0 ? 0 : (offsets[i - 1] as number)))
      throw invalid(file, `column "${field.name}": its offsets run backwards at row ${batch.firstRow + i}`);
    offsets[i] = offset;
  }
  return offsets;
}

/** Keeps the piece of a source that was read last. */
function windowed() {
  let kept: { source: ByteSource; from: number; bytes: Uint8Array } | undefined;
  return async (source: ByteSource, from: number, length: number): Promise<Uint8Array> => {
    const isKept = kept?.source === source && from >= kept.from && from + length <= kept.from + kept.bytes.length;
    if (!isKept || !kept) {
      const most = Math.max(length, Math.min(windowBytes, source.size - from));
      kept = { source, from, bytes: await readBytes(source, from, most) };
    }
    return kept.bytes.subarray(from - kept.from, from - kept.from + length);
  };
}
