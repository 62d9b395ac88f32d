import { Type } from 'apache-arrow/fb/type';
import { type ByteSource, readBytes } from '../tensor/byte-source.ts';
import { quoted } from '../tensor/tensor.ts';
import type { ArrowBatch } from './arrow-batches.ts';
import { invalid } from './arrow-errors.ts';
import { type Inflater, inflater } from './arrow-inflate.ts';
import type { ArrowField } from './arrow-schema.ts';
import { decodeText, windowed } from './arrow-text-bytes.ts';
import { readValidity } from './arrow-validity.ts';

/** Collects a column of texts batch by batch, then returns them one by one. */
export interface TextCollector {
  add(batch: ArrowBatch): Promise<void>;
  /** Undefined for a null. Error: format_invalid. */
  at(row: number): Promise<string | undefined>;
}

/** The texts of one batch: where each begins and ends among its bytes, which stay in the file. */
interface Texts {
  readonly firstRow: number;
  readonly offsets: Float64Array;
  readonly isThere: (i: number) => boolean;
  readonly source: ByteSource;
  readonly start: number;
}

/** Collects a column of UTF-8 texts. Error: format_invalid if offsets or bytes are missing. */
export function textCollector(file: string, bytes: ByteSource, field: ArrowField): TextCollector {
  const buffers = inflater(file, bytes);
  const batches: Texts[] = [];
  const read = windowed(file, field);
  return {
    async add(batch: ArrowBatch) {
      const offsets = await readTextOffsets(file, field, batch, buffers);
      const last = offsets.at(-1) ?? 0;
      const { source, start, size } = await buffers.open(batch.buffer(field.slot, 2), last);
      if (size < last)
        throw invalid(file, `column ${quoted(field.name)}: has ${size} bytes of text, its rows need ${last}`);
      const isThere = await readValidity(file, field, batch, buffers);
      batches.push({ firstRow: batch.firstRow, offsets, isThere, source, start });
    },
    async at(row: number): Promise<string | undefined> {
      const batch = batches.findLast(({ firstRow }) => firstRow <= row) as Texts;
      const i = row - batch.firstRow;
      if (!batch.isThere(i)) return undefined;
      const [from, to] = [batch.offsets[i] as number, batch.offsets[i + 1] as number];
      return decodeText(file, field, await read(batch.source, batch.start + from, to - from), row);
    },
  };
}

/** Reads where the texts of a batch begin, and where the last one ends. Offsets must not run backwards. */
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
    throw invalid(file, `column ${quoted(field.name)}: has ${found} bytes of offsets, its rows need ${needed}`);
  const view = new DataView((await readBytes(source, start, needed)).buffer);
  const offsets = new Float64Array(batch.rows + 1);
  for (let i = 0; i <= batch.rows; i++) {
    const offset = size === 8 ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true);
    if (offset < (i === 0 ? 0 : (offsets[i - 1] as number)))
      throw invalid(file, `column ${quoted(field.name)}: its offsets run backwards at row ${batch.firstRow + i}`);
    offsets[i] = offset;
  }
  return offsets;
}
