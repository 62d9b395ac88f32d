import { mostListed } from '../errors.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import type { Matrix } from '../tensor/tensor.ts';
import { type BrokenRow, describeBroken } from './broken-rows.ts';
import { type Duplicates, startDuplicates } from './duplicates.ts';
import { measureRow, type RowMeasure } from './measure-row.ts';
import { type RowList, startRowList } from './row-list.ts';
import { type Spread, startSpread } from './spread.ts';

/** What one pass over the rows of a matrix finds. */
export interface RowSurvey {
  readonly rows: number;
  readonly width: number;
  /** Euclidean norms of the finite rows; null where there are none. */
  readonly norms: Spread | null;
  /** Rows whose norm is 1 to within a thousandth. */
  readonly unitRows: number;
  /** Smallest and largest value of the finite rows; null if there are none. */
  readonly values: { readonly min: number; readonly max: number } | null;
  /** Rows with NaN, infinity, or a value that a float32 cannot hold; the first few with their first such value. */
  readonly broken: { readonly count: number; readonly first: readonly BrokenRow[] };
  readonly zero: RowList;
  /** Rows that are neither broken nor zero and equal an earlier one. */
  readonly duplicates: Duplicates;
  /** Rows that are not zero and whose values are all equal to within a millionth. */
  readonly nearConstant: RowList;
}

/** Follows the progress of a survey, and can abort it. */
export interface Watch {
  readonly signal: AbortSignal;
  onRows(done: number, total: number): void;
}

const unitTolerance = 1e-3;
const constantTolerance = 1e-6;

/**
 * Reads every row once, in memory that does not grow with the file.
 * Errors: those of reading, and the reason of `watch.signal` once it fires.
 */
export async function surveyRows(matrix: Matrix, watch: Watch): Promise<RowSurvey> {
  const { rows, width } = matrix;
  const notes = startNotes(rows, width);
  if (width > 0) {
    for await (const { start, count, values } of rowBlocks(matrix, [[0, rows]])) {
      watch.signal.throwIfAborted();
      notes.addBlock(start, count, values);
      watch.onRows(start + count, rows);
    }
  }
  const { first, ...found } = notes.finish();
  return { rows, width, ...found, broken: { count: found.broken, first: await describeBroken(matrix, first) } };
}

function startNotes(rows: number, width: number) {
  const norms = startSpread(rows);
  const duplicates = startDuplicates(rows);
  const [zero, nearConstant] = [startRowList(), startRowList()];
  const measure: RowMeasure = { squares: 0, min: 0, max: 0, low: 0, high: 0 };
  let [unitRows, broken] = [0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const first: { row: number; column: number; value: number }[] = [];

  const addRow = (row: number) => {
    const norm = Math.sqrt(measure.squares);
    norms.add(norm);
    min = Math.min(min, measure.min);
    max = Math.max(max, measure.max);
    if (norm === 0) return zero.add(row);
    if (Math.abs(norm - 1) <= unitTolerance) unitRows++;
    duplicates.add(row, measure.low, measure.high);
    const largest = Math.max(Math.abs(measure.min), Math.abs(measure.max));
    if (width > 1 && measure.max - measure.min <= constantTolerance * largest) nearConstant.add(row);
  };

  return {
    addBlock(start: number, count: number, values: Float32Array) {
      const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
      for (let i = 0; i < count; i++) {
        measureRow(values, words, i * width, width, measure);
        if (Number.isFinite(measure.squares)) {
          addRow(start + i);
          continue;
        }
        broken++;
        if (first.length < mostListed) first.push({ row: start + i, ...firstBroken(values, i * width, width) });
      }
    },
    finish: () => ({
      norms: norms.finish() ?? null,
      unitRows,
      // Adding 0 turns -0 into 0.
      values: min <= max ? { min: min + 0, max: max + 0 } : null,
      broken,
      first,
      zero: zero.finish(),
      duplicates: duplicates.finish(),
      nearConstant: nearConstant.finish(),
    }),
  };
}

function firstBroken(values: Float32Array, at: number, width: number): { column: number; value: number } {
  const column = values.subarray(at, at + width).findIndex((value) => !Number.isFinite(value));
  return { column, value: values[at + column] as number };
}
