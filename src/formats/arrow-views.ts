import type { ByteSource } from '../tensor/byte-source.ts';
import { quoted } from '../tensor/tensor.ts';
import { invalid } from './arrow-errors.ts';
import { inflater, type Window } from './arrow-inflate.ts';
import type { ArrowField } from './arrow-schema.ts';
import { decodeText, windowed } from './arrow-text-bytes.ts';
import type { TextCollector } from './arrow-texts.ts';
import { readValidity } from './arrow-validity.ts';

/** The texts of one batch: 16 bytes per row that hold a short text itself, or say where a long one lies. */
interface Views {
  readonly firstRow: number;
  readonly isThere: (i: number) => boolean;
  readonly views: Window;
  readonly buffers: readonly Window[];
}

const viewBytes = 16;
/** Texts of up to this many bytes are in the view itself. */
const longestInline = 12;
/** The number of rows does not bound a buffer of long texts, so this does. */
const largestBuffer = 1 << 30;

/** Collects a column of string views, as polars writes texts. Error: format_invalid for a view of missing bytes. */
export function viewCollector(file: string, bytes: ByteSource, field: ArrowField): TextCollector {
  const forViews = inflater(file, bytes);
  const forTexts = inflater(file, bytes);
  const [readView, readText] = [windowed(file, field), windowed(file, field)];
  const batches: Views[] = [];

  async function longText(buffers: readonly Window[], view: DataView, row: number): Promise<Uint8Array> {
    const [length, which, offset] = [view.getInt32(0, true), view.getInt32(8, true), view.getInt32(12, true)];
    const buffer = buffers[which];
    if (!buffer || offset < 0 || offset + length > buffer.size) {
      throw invalid(file, `column ${quoted(field.name)}: row ${row} points to text outside its buffers`);
    }
    return readText(buffer.source, buffer.start + offset, length);
  }

  return {
    async add(batch) {
      const needed = batch.rows * viewBytes;
      const views = await forViews.open(batch.buffer(field.slot, 1), needed);
      if (views.size < needed) {
        throw invalid(file, `column ${quoted(field.name)}: has ${views.size} bytes of views, its rows need ${needed}`);
      }
      const isThere = await readValidity(file, field, batch, forTexts);
      const buffers: Window[] = [];
      for (let i = 0; i < batch.viewBuffers(field.slot); i++) {
        buffers.push(await forTexts.open(batch.buffer(field.slot, 2 + i), largestBuffer));
      }
      batches.push({ firstRow: batch.firstRow, isThere, views, buffers });
    },
    async at(row) {
      const { firstRow, isThere, views, buffers } = batches.findLast((batch) => batch.firstRow <= row) as Views;
      const i = row - firstRow;
      if (!isThere(i)) return undefined;
      const bytes = await readView(views.source, views.start + i * viewBytes, viewBytes);
      const view = new DataView(bytes.buffer, bytes.byteOffset, viewBytes);
      const length = view.getInt32(0, true);
      if (length < 0) throw invalid(file, `column ${quoted(field.name)}: row ${row} claims a text of ${length} bytes`);
      const text = length <= longestInline ? bytes.subarray(4, 4 + length) : await longText(buffers, view, row);
      return decodeText(file, field, text, row);
    },
  };
}
