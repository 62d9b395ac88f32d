import { type ColumnBlock, columnBlocks, isByColumn } from '../tensor/column-blocks.ts';
import type { Ranges } from '../tensor/ranges.ts';
import { type RowBlock, rowBlocks } from '../tensor/row-blocks.ts';
import type { Matrix } from '../tensor/tensor.ts';
import type { BlockHasher } from './fingerprint.ts';

/** A value that cannot be sent. */
export interface Finding {
  readonly row: number;
  readonly column: number;
  readonly value: number;
}

/** Some rows that were read and digested, with the first value of each that is not finite, in the order of the rows. */
export interface CheckedPart {
  /** How many more rows have been read. */
  readonly rows: number;
  readonly bad: Iterable<Finding>;
  /** The rows, valid until the next part is asked for; only if they were wanted, or if that is how the file is read. */
  readonly block?: RowBlock;
}

/**
 * Reads, checks and digests rows, part by part. A matrix that lies in the file by columns is read that way, unless the rows
 * are wanted: transposing it would take several times as long.
 */
export function checkValues(
  matrix: Matrix,
  ranges: Ranges,
  hasher: BlockHasher,
  wantsRows: boolean,
): AsyncGenerator<CheckedPart> {
  return !wantsRows && isByColumn(matrix) ? byColumns(matrix, ranges, hasher) : byRows(matrix, ranges, hasher);
}

async function* byRows(matrix: Matrix, ranges: Ranges, hasher: BlockHasher): AsyncGenerator<CheckedPart> {
  for await (const block of rowBlocks(matrix, ranges)) {
    yield { rows: block.count, bad: hasher.add(block) ? [] : badRows(block), block };
  }
}

function* badRows({ start, count, width, values }: RowBlock): Generator<Finding> {
  for (let i = 0; i < count; i++) {
    const row = values.subarray(i * width, (i + 1) * width);
    const column = row.findIndex((value) => !Number.isFinite(value));
    if (column >= 0) yield { row: start + i, column, value: row[column] as number };
  }
}

async function* byColumns(matrix: Matrix, ranges: Ranges, hasher: BlockHasher): AsyncGenerator<CheckedPart> {
  let bad = new Map<number, Finding>();
  let reported = 0;
  for await (const block of columnBlocks(matrix, ranges)) {
    for (let i = 0; i < block.columns; i++) addColumn(block, i, hasher, bad);
    // The columns read so far count as so many whole rows.
    const read = block.column + block.columns;
    const rows = Math.floor((block.count * read) / matrix.width);
    const isLast = read === matrix.width;
    yield { rows: rows - reported, bad: isLast ? [...bad.values()].sort((a, b) => a.row - b.row) : [] };
    reported = isLast ? 0 : rows;
    if (isLast) bad = new Map();
  }
}

function addColumn(block: ColumnBlock, i: number, hasher: BlockHasher, bad: Map<number, Finding>): void {
  const { start, count, pitch, values } = block;
  const column = block.column + i;
  const inColumn = values.subarray(i * pitch, i * pitch + count);
  if (hasher.addColumn(column, start, inColumn) || bad.size === count) return;
  for (let at = 0; at < count; at++) {
    const value = inColumn[at] as number;
    if (!Number.isFinite(value) && !bad.has(start + at)) bad.set(start + at, { row: start + at, column, value });
  }
}
