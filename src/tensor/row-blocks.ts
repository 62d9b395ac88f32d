import { type ByteSource, type Runs, shortRun } from './byte-source.ts';
import { decode, dtypeSize } from './dtype.ts';
import { countRows, type Ranges } from './ranges.ts';
import type { Matrix } from './tensor.ts';

/** Consecutive rows as float32, row after row. `values` is reused: it holds these rows until the next block is asked for. */
export interface RowBlock {
  /** Row number of the first row. */
  readonly start: number;
  readonly count: number;
  readonly width: number;
  /** `count × width` values. */
  readonly values: Float32Array;
}

/**
 * Bytes of file read at a time where rows are contiguous: what a processor keeps at hand until they are used. Four times as
 * many take a twentieth longer, most of it for memory that is touched for the first time.
 */
const rowBlockBytes = 1 << 20;
/** Bytes of a band of columns: larger, because each of its lines is a read of its own. */
const bandBytes = 12 << 20;
/** Bytes of lines that are read before they are turned. */
const linesBytes = 4 << 20;

/**
 * Streams the given rows of a matrix, in order, in blocks of a few MB whatever the file's size.
 * Rows that lie contiguously are read in one piece; rows that are columns of the file are read in bands and transposed.
 */
export async function* rowBlocks(matrix: Matrix, ranges: Ranges): AsyncGenerator<RowBlock> {
  // A matrix of no rows may claim any width: no buffer is made for it.
  if (countRows(ranges) === 0) return;
  const reader = takeReader(matrix);
  const blocks = blocksOf(ranges, reader.rows);
  const read = async (by: BlockReader): Promise<RowBlock | undefined> => {
    const block = blocks.next().value;
    return block && { ...block, width: matrix.width, values: await by.read(block.start, block.count) };
  };
  const readers = reader.aside ? [reader, takeReader(matrix)] : [reader];
  try {
    if (reader.aside) yield* readAhead(read, readers);
    else for (let block = await read(reader); block; block = await read(reader)) yield block;
  } finally {
    idle = new WeakMap([[matrix, readers]]);
  }
}

/**
 * Those that the last matrix was read by, with their buffers. A job reads its rows twice, once to check them and once to send
 * them, and memory that is touched for the first time can take as long as reading does.
 */
let idle = new WeakMap<Matrix, BlockReader[]>();

function takeReader(matrix: Matrix): BlockReader {
  return idle.get(matrix)?.pop() ?? (matrix.columnStride <= matrix.rowStride ? rowReader : bandReader)(matrix);
}

/** By two readers in turns: one reads while the rows of the other are used. */
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
      // An error is met where the block is asked for, if it ever is.
      next.catch(() => undefined);
      yield block;
    }
  } finally {
    // Whoever stops here may close the file next.
    await next.catch(() => undefined);
  }
}

function* blocksOf(ranges: Ranges, most: number): Generator<Pick<RowBlock, 'start' | 'count'>, undefined> {
  for (const [from, end] of ranges) {
    for (let start = from; start < end; start += most) yield { start, count: Math.min(most, end - start) };
  }
}

/** Rows of `rowBytes` that make up a block of `blockBytes`; at least one, and no more than there are. */
function rowsThatFit(matrix: Matrix, blockBytes: number, rowBytes: number): number {
  return Math.max(1, Math.min(matrix.rows, Math.floor(blockBytes / Math.max(1, rowBytes))));
}

interface BlockReader {
  /** Rows a block holds at the most. */
  readonly rows: number;
  /** Other work goes on while it reads. */
  readonly aside: boolean;
  read(start: number, count: number): Promise<Float32Array>;
}

/** The elements of a row lie closer than its neighbours do; both may lie apart (a slab of a 3-D tensor). */
function rowReader(matrix: Matrix): BlockReader {
  const { tensor, width, rowStride, columnStride } = matrix;
  const size = dtypeSize(tensor.dtype);
  const rows = rowsThatFit(matrix, rowBlockBytes, rowStride * size);
  const rowSpan = (width - 1) * columnStride + 1;
  const isDense = rowStride === width && columnStride === 1;
  const values = new Float32Array(rows * width);
  // Rows that are float32 already are read to where they are to be.
  const bytes =
    isDense && tensor.dtype === 'F32'
      ? new Uint8Array(values.buffer)
      : new Uint8Array(Math.max(0, ((rows - 1) * rowStride + rowSpan) * size));
  const line = isDense || width === 0 ? undefined : new Uint8Array(rowSpan * size);
  const spread = columnStride === 1 ? undefined : new Float32Array(rowSpan);
  return {
    rows,
    aside: true,
    async read(start, count) {
      if (width === 0) return values;
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
  };
}

/** Lines of a band that are read and turned together: their values of one row then lie side by side. */
const mostLines = 16;

/**
 * Each row is spread over the file, one element every `columnStride`: `width` short lines, one a column, fill a band of
 * many rows, and are turned a few at a time.
 */
function bandReader(matrix: Matrix): BlockReader {
  const { tensor, width, rowStride, columnStride } = matrix;
  const size = dtypeSize(tensor.dtype);
  const rows = rowsThatFit(matrix, bandBytes, Math.max(width * 4, rowStride * size));
  // Each line begins at a multiple of 8 bytes, as decoding wants it.
  const pitch = Math.ceil((((rows - 1) * rowStride + 1) * size) / 8) * 8;
  const linesAtOnce = Math.max(1, Math.min(mostLines, Math.floor(linesBytes / pitch)));
  const bytes = new Uint8Array(pitch * linesAtOnce);
  const lines = new Float32Array((pitch / size) * linesAtOnce);
  const values = new Float32Array(rows * width);
  return {
    rows,
    aside: pitch > shortRun,
    async read(start, count) {
      const length = ((count - 1) * rowStride + 1) * size;
      for (let column = 0; column < width; column += linesAtOnce) {
        const runs = Math.min(linesAtOnce, width - column);
        const position = tensor.offset + (start * rowStride + column * columnStride) * size;
        await readRuns(tensor.bytes, bytes, { position, stride: columnStride * size, length, count: runs, pitch });
        decode(tensor.dtype, tensor.bigEndian, bytes, (pitch / size) * runs, lines, 0);
        turn(lines, pitch / size, runs, rowStride, values.subarray(column), width, count);
      }
      return values;
    },
  };
}

/** Puts element `i * step` of each line into row `i`, the lines side by side: eight at a time, in half of the time. */
function turn(
  lines: Float32Array,
  pitch: number,
  lineCount: number,
  step: number,
  out: Float32Array,
  width: number,
  count: number,
): void {
  let line = 0;
  for (; line + 8 <= lineCount; line += 8) {
    for (let i = 0; i < count; i++) {
      const to = i * width + line;
      const from = line * pitch + i * step;
      out[to] = lines[from] as number;
      out[to + 1] = lines[from + pitch] as number;
      out[to + 2] = lines[from + 2 * pitch] as number;
      out[to + 3] = lines[from + 3 * pitch] as number;
      out[to + 4] = lines[from + 4 * pitch] as number;
      out[to + 5] = lines[from + 5 * pitch] as number;
      out[to + 6] = lines[from + 6 * pitch] as number;
      out[to + 7] = lines[from + 7 * pitch] as number;
    }
  }
  for (; line < lineCount; line++) {
    for (let i = 0; i < count; i++) out[i * width + line] = lines[line * pitch + i * step] as number;
  }
}

async function readRuns(source: ByteSource, into: Uint8Array, runs: Runs): Promise<void> {
  if (source.readRuns) return source.readRuns(into, runs);
  for (let i = 0; i < runs.count; i++) {
    await source.read(into.subarray(i * runs.pitch, i * runs.pitch + runs.length), runs.position + i * runs.stride);
  }
}
