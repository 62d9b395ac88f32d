import type { ByteSource } from '../tensor/byte-source.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ArrowBatch } from './arrow-batches.ts';
import { ColumnProblem } from './arrow-errors.ts';
import { inflater, type Window } from './arrow-inflate.ts';
import { joinWindows } from './arrow-pieces.ts';
import type { ArrowField } from './arrow-schema.ts';
import { findNull } from './arrow-validity.ts';
import { openValues } from './arrow-values.ts';

/** Takes batches one by one and makes a tensor of one or several columns. */
export interface Collector {
  /** The tensor's name. */
  readonly name: string;
  /** Errors: ColumnProblem if the column cannot be a tensor; format_invalid, format_unsupported for the file. */
  add(batch: ArrowBatch): Promise<void>;
  finish(): Pick<Tensor, 'dtype' | 'shape' | 'offset' | 'bytes' | 'byRow'>;
}

/** Collects a column of numbers as a tensor of one dimension. */
export function scalarCollector(file: string, bytes: ByteSource, field: ArrowField): Collector {
  const buffers = inflater(file, bytes);
  const windows: Window[] = [];
  let rows = 0;
  return {
    name: field.name,
    async add(batch) {
      const window = await openValues(file, field, batch, buffers, 0, batch.rows);
      const nullRow = await findNull(file, field, batch, buffers, 0, batch.rows);
      if (nullRow !== undefined)
        throw new ColumnProblem(batch.firstRow + nullRow, 'is null in a column of single numbers');
      windows.push(window);
      rows += batch.rows;
    },
    finish: () => ({ dtype: field.dtype!, shape: [rows], ...joinWindows(windows) }),
  };
}
