import { Type } from 'apache-arrow/fb/type';
import { readBytes } from '../tensor/byte-source.ts';
import { quoted } from '../tensor/tensor.ts';
import type { ArrowBatch } from './arrow-batches.ts';
import { ColumnProblem, invalid } from './arrow-errors.ts';
import type { Inflater } from './arrow-inflate.ts';
import type { ArrowField } from './arrow-schema.ts';

const chunkOffsets = 1 << 14;

/**
 * Reads the offsets of the first `rows` lists of a List or LargeList column and requires one length of all: `width` if
 * known, else that of the first list. Returns where the first begins among the values, whose bounds are not checked here.
 */
export async function readOffsets(
  file: string,
  field: ArrowField,
  batch: ArrowBatch,
  inflater: Inflater,
  rows: number,
  width: number | undefined,
): Promise<{ start: number; width: number }> {
  const size = field.type === Type.LargeList ? 8 : 4;
  const needed = (batch.rows + 1) * size;
  const { source, start: from, size: found } = await inflater.open(batch.buffer(field.slot, 1), needed);
  if (found < needed) {
    throw invalid(file, `column ${quoted(field.name)}: has ${found} bytes of list offsets, its rows need ${needed}`);
  }
  let [start, previous, expected] = [0, 0, width];
  for (let at = 0; at <= rows; at += chunkOffsets) {
    const count = Math.min(chunkOffsets, rows + 1 - at);
    const view = new DataView((await readBytes(source, from + at * size, count * size)).buffer);
    for (let i = 0; i < count; i++) {
      const offset = size === 8 ? Number(view.getBigInt64(8 * i, true)) : view.getInt32(4 * i, true);
      const row = batch.firstRow + at + i - 1;
      if (at + i === 0) {
        if (offset < 0) throw invalid(file, `column ${quoted(field.name)}: its list offsets begin at ${offset}`);
        start = offset;
      } else {
        expected ??= offset - previous;
        checkLength(file, field, row, offset - previous, expected);
      }
      previous = offset;
    }
  }
  return { start, width: expected! };
}

function checkLength(file: string, field: ArrowField, row: number, length: number, expected: number): void {
  if (length < 0) throw invalid(file, `column ${quoted(field.name)}: its list offsets run backwards at row ${row}`);
  if (length !== expected) throw new ColumnProblem(row, `has ${length} values, the rows before it have ${expected}`);
}
