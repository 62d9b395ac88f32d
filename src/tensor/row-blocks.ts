import { bandReader } from './band-reader.ts';
import { type BlockReader, blockBytes, rowsThatFit } from './block-reader.ts';
import { decode, dtypeSize } from './dtype.ts';
import { countRows, type Ranges } from './ranges.ts';
import type { Matrix } from './tensor.ts';

/** Consecutive rows as float32, row after row. `values` is reused: it is valid until the next block is asked for. */
export interface RowBlock {
  /** Row number of the first row. */
  readonly start: number;
  readonly count: number;
  readonly width: number;
  /** `count × width` values. */
  readonly values: Float32Array;
}

/**
 * Streams the given rows of a matrix, in order, in blocks of a megabyte whatever the file's size.
 * Rows that lie contiguously are read in one piece; rows that are columns of the file are read in bands and transposed.
 */
export async function* rowBlocks(matrix: Matrix, ranges: Ranges): AsyncGenerator<RowBlock> {
  // A matrix without rows may claim any width, so no buffer is made for it.
  if (countRows(ranges) === 0) return;
  // Rows of width 0 come in one block per range: a header may claim any number of them.
  if (matrix.width === 0) {
    for (const [start, end] of ranges) yield { start, count: end - start, width: 0, values: new Float32Array(0) };
    return;
  }
  const reader = takeReader(matrix);
  const pieces = piecesOf(ranges, reader.rows);
  const read = async (by: BlockReader): Promise<RowBlock | undefined> => {
    const piece = pieces.next().value;
    if (!piece) return undefined;
    const { start, count, until } = piece;
    return { start, count, width: matrix.width, values: await by.read(start, count, until) };
  };
  const readers = reader.aside ? [reader, takeReader(matrix)] : [reader];
  try {
    if (reader.aside) yield* readAhead(read, readers);
    else for (let block = await read(reader); block; block = await read(reader)) yield block;
  } finally {
    for (const one of readers) one.forget();
    idle = new WeakMap([[matrix, readers]]);
  }
}

/**
 * The readers of the matrix that was read last, kept for their buffers. A job reads its rows twice, once to check and
 * once to send them, and touching memory for the first time can take as long as reading.
 */
let idle = new WeakMap<Matrix, BlockReader[]>();

function takeReader(matrix: Matrix): BlockReader {
  return idle.get(matrix)?.pop() ?? (matrix.columnStride <= matrix.rowStride ? rowReader : bandReader)(matrix);
}

/** Alternates between two readers: one reads while the rows of the other are used. */
async function* readAhead(
  read: (by: BlockReader) => Promise<RowBlock | undefined>,
  readers: readonly BlockReader[],
): AsyncGenerator<RowBlock> {
  const [one, other] = readers as [BlockReader, BlockReader];
  let next = read(one);
  try {
    for (let by = other; ; by = by === one ? other : one) {
      const block = await next;
      if (!block) return;
      next = read(by);
      // An error surfaces when the block is asked for, if it ever is.
      next.catch(() => undefined);
      yield block;
    }
  } finally {
    // A caller that stops early may close the file next, so the pending read must end first.
    await next.catch(() => undefined);
  }
}

/** `count` rows from `start` on, in a range that ends at `until`. */
interface Piece {
  readonly start: number;
  readonly count: number;
  readonly until: number;
}

function* piecesOf(ranges: Ranges, most: number): Generator<Piece, undefined> {
  for (const [from, until] of ranges) {
    for (let start = from; start < until; start += most) yield { start, count: Math.min(most, until - start), until };
  }
}

/** Reads rows whose elements lie closer together than the rows do. Both may lie apart (a slab of a 3-D tensor). */
function rowReader(matrix: Matrix): BlockReader {
  const { tensor, width, rowStride, columnStride } = matrix;
  const size = dtypeSize(tensor.dtype);
  const rows = rowsThatFit(matrix, blockBytes, rowStride * size);
  const rowSpan = (width - 1) * columnStride + 1;
  const isDense = rowStride === width && columnStride === 1;
  const values = new Float32Array(rows * width);
  // Dense rows that are float32 already are read straight into `values`.
  const bytes =
    isDense && tensor.dtype === 'F32'
      ? new Uint8Array(values.buffer)
      : new Uint8Array(((rows - 1) * rowStride + rowSpan) * size);
  const line = isDense ? undefined : new Uint8Array(rowSpan * size);
  const spread = columnStride === 1 ? undefined : new Float32Array(rowSpan);
  return {
    rows,
    aside: true,
    async read(start, count) {
      const span = ((count - 1) * rowStride + rowSpan) * size;
      await tensor.bytes.read(bytes.subarray(0, span), tensor.offset + start * rowStride * size);
      if (!line) decode(tensor.dtype, tensor.bigEndian, bytes, count * width, values, 0);
      for (let i = 0; line && i < count; i++) {
        const from = i * rowStride * size;
        line.set(bytes.subarray(from, from + line.length));
        decode(tensor.dtype, tensor.bigEndian, line, rowSpan, spread ?? values, spread ? 0 : i * width);
        for (let j = 0; spread && j < width; j++) values[i * width + j] = spread[j * columnStride] as number;
      }
      return values;
    },
    forget() {},
  };
}
