import { readRuns } from './byte-source.ts';
import { decode, dtypeSize } from './dtype.ts';
import type { Ranges } from './ranges.ts';
import type { Matrix } from './tensor.ts';

/** Consecutive rows of a few columns as float32, column after column. `values` is reused for the next block. */
export interface ColumnBlock {
  readonly start: number;
  readonly count: number;
  /** Number of the first column. */
  readonly column: number;
  readonly columns: number;
  /** Values from the beginning of one column to that of the next. */
  readonly pitch: number;
  readonly values: Float32Array;
}

/** Bytes of the file that are read of a column at once. */
const runBytes = 64 << 10;

/** Columns in a block. */
const columnsAtOnce = 16;

/** Whether each column of a matrix lies in one piece, so that its values are read fastest column by column. */
export function isByColumn({ width, rowStride, columnStride }: Matrix): boolean {
  return width > 0 && rowStride === 1 && columnStride > 1;
}

/**
 * Streams the given rows of a matrix that lies in the file by columns, in that order: some rows of all columns, then the
 * next rows. Nothing has to be transposed.
 */
export async function* columnBlocks(matrix: Matrix, ranges: Ranges): AsyncGenerator<ColumnBlock> {
  const { tensor, width, columnStride } = matrix;
  const size = dtypeSize(tensor.dtype);
  const pitch = runBytes / size;
  const values = new Float32Array(pitch * columnsAtOnce);
  // Elements that are float32 already are read straight into `values`.
  const bytes = tensor.dtype === 'F32' ? new Uint8Array(values.buffer) : new Uint8Array(runBytes * columnsAtOnce);
  for (const [first, end] of ranges) {
    for (let start = first; start < end; start += pitch) {
      const count = Math.min(pitch, end - start);
      for (let column = 0; column < width; column += columnsAtOnce) {
        const columns = Math.min(columnsAtOnce, width - column);
        const position = tensor.offset + (start + column * columnStride) * size;
        const runs = { position, stride: columnStride * size, length: count * size, count: columns, pitch: runBytes };
        await readRuns(tensor.bytes, bytes, runs);
        for (let i = 0; i < columns; i++) {
          decode(tensor.dtype, tensor.bigEndian, bytes.subarray(i * runBytes), count, values, i * pitch);
        }
        yield { start, count, column, columns, pitch, values };
      }
    }
  }
}
