import { Type } from 'apache-arrow/fb/type';
import type { ByteSource } from '../tensor/byte-source.ts';
import type { ArrowBatch } from './arrow-batches.ts';
import type { Collector } from './arrow-collector.ts';
import { ColumnProblem } from './arrow-errors.ts';
import { inflater, type Window } from './arrow-inflate.ts';
import { readOffsets } from './arrow-offsets.ts';
import { joinWindows } from './arrow-pieces.ts';
import type { ArrowField } from './arrow-schema.ts';
import { findNull } from './arrow-validity.ts';
import { openValues } from './arrow-values.ts';

/** Collects a column of equally long lists of numbers as a matrix, whose rows are contiguous within each batch. */
export function listCollector(file: string, bytes: ByteSource, field: ArrowField): Collector {
  const values = field.children[0]!;
  const buffers = inflater(file, bytes);
  const windows: Window[] = [];
  let rows = 0;
  let width: number | undefined;

  /** Returns where the first of `count` lists begins among the values; checks their lengths and sets the width. */
  async function layOut(batch: ArrowBatch, count: number): Promise<number> {
    const lists =
      field.type === Type.FixedSizeList
        ? { start: 0, width: field.listSize }
        : await readOffsets(file, field, batch, buffers, count, width);
    width = lists.width;
    if (width === 0) throw new ColumnProblem(batch.firstRow, 'is an empty list');
    return lists.start;
  }

  return {
    name: field.name,
    async add(batch) {
      if (batch.rows === 0) return;
      const nullRow = await findNull(file, field, batch, buffers, 0, batch.rows);
      // Lists before a null are checked first, so that the error names the first row that is wrong.
      const start = nullRow === 0 ? 0 : await layOut(batch, nullRow ?? batch.rows);
      if (nullRow !== undefined) throw new ColumnProblem(batch.firstRow + nullRow, 'is null');
      const count = batch.rows * width!;
      // Bounds come first: the search for nulls goes through as many bits as are claimed.
      const window = await openValues(file, values, batch, buffers, start, count);
      const nullValue = await findNull(file, values, batch, buffers, start, count);
      if (nullValue !== undefined) {
        const [row, column] = [Math.floor((nullValue - start) / width!), (nullValue - start) % width!];
        throw new ColumnProblem(batch.firstRow + row, `has a null for value ${column}`);
      }
      windows.push(window);
      rows += batch.rows;
    },
    finish: () => ({
      dtype: values.dtype!,
      shape: [rows, width ?? field.listSize],
      ...joinWindows(windows),
      byRow: 'each row of the table is one vector',
    }),
  };
}
