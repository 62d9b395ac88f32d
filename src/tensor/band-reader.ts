import { type BlockReader, rowsThatFit } from './block-reader.ts';
import { type ByteSource, type Runs, shortRun } from './byte-source.ts';
import { decode, dtypeSize } from './dtype.ts';
import type { Matrix } from './tensor.ts';

/** Bytes of a band of columns: larger, because each of its lines is a read of its own. */
const bandBytes = 12 << 20;
/** Bytes of lines that are read before they are turned. */
const linesBytes = 4 << 20;

/** Lines of a band that are read and turned together: their values of one row then lie side by side. */
const mostLines = 16;

/**
 * Each row is spread over the file, one element every `columnStride`: `width` short lines, one a column, fill a band of
 * many rows, and are turned a few at a time.
 */
export function bandReader(matrix: Matrix): BlockReader {
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
