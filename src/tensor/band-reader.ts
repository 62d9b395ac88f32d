import { type BlockReader, blockBytes, rowsThatFit } from './block-reader.ts';
import { readRuns } from './byte-source.ts';
import { decode, dtypeSize } from './dtype.ts';
import type { Matrix } from './tensor.ts';

/** Bytes of the file in memory at a time. A row has one element in each of many lines: a small band takes many reads. */
const bandBytes = 12 << 20;

/** Lines read before other work gets a turn. */
const linesAtOnce = 16;

/** Reads rows that are columns of the file: a band of lines covers many rows, which are transposed a block at a time. */
export function bandReader(matrix: Matrix): BlockReader {
  const { tensor, width, rowStride, columnStride } = matrix;
  const size = dtypeSize(tensor.dtype);
  const most = rowsThatFit(matrix, bandBytes, width * rowStride * size);
  const rows = Math.min(most, rowsThatFit(matrix, blockBytes, width * 4));
  const bandRows = Math.floor(most / rows) * rows;
  // Each line starts at a multiple of 8 bytes, so that its elements are aligned.
  const pitch = Math.ceil((((bandRows - 1) * rowStride + 1) * size) / 8) * 8;
  const band = new Uint8Array(pitch * width);
  const values = new Float32Array(rows * width);
  // Elements that are float32 already are transposed straight into `values`.
  const turned = tensor.dtype === 'F32' ? new Uint8Array(values.buffer) : new Uint8Array(rows * width * size);
  const turn = turner({ band, pitch, size, step: rowStride }, turned, width);
  let [first, end] = [0, 0];

  const load = async (start: number, count: number) => {
    end = 0;
    const length = ((count - 1) * rowStride + 1) * size;
    for (let line = 0; line < width; line += linesAtOnce) {
      const lines = { position: tensor.offset + (start * rowStride + line * columnStride) * size, length };
      const many = { stride: columnStride * size, count: Math.min(linesAtOnce, width - line), pitch };
      await readRuns(tensor.bytes, band.subarray(line * pitch), { ...lines, ...many });
    }
    [first, end] = [start, start + count];
  };
  return {
    rows,
    aside: false,
    async read(start, count, until) {
      if (start < first || start + count > end) await load(start, Math.min(bandRows, until - start));
      turn(start - first, count);
      decode(tensor.dtype, tensor.bigEndian, turned, count * width, values, 0);
      return values;
    },
    forget() {
      end = 0;
    },
  };
}

/** The lines of a band, `pitch` bytes apart: row `i` consists of element `i * step` of each line. */
interface Band {
  readonly band: Uint8Array<ArrayBuffer>;
  readonly pitch: number;
  /** Bytes of an element. */
  readonly size: number;
  readonly step: number;
}

/** Returns a function that gathers one element of each line into rows of `out`. It moves all types as integers. */
function turner(
  { band, pitch, size, step }: Band,
  out: Uint8Array<ArrayBuffer>,
  width: number,
): (from: number, count: number) => void {
  const Integers = size === 1 ? Int8Array : size === 2 ? Int16Array : Int32Array;
  const [lines, rows] = [new Integers(band.buffer), new Integers(out.buffer)];
  const across = pitch / lines.BYTES_PER_ELEMENT;
  if (size <= 4) return (from, count) => turnLines(lines, from * step, across, step, rows, width, count);
  // Elements of 8 bytes are moved as two halves.
  return (from, count) => {
    for (let i = 0; i < count; i++) {
      for (let line = 0; line < width; line++) {
        for (let half = 0; half < 2; half++) {
          rows[2 * (i * width + line) + half] = lines[line * across + 2 * (from + i) * step + half] as number;
        }
      }
    }
  };
}

type Integers = Int8Array | Int16Array | Int32Array;

/** Transposes eight lines at a time, which takes half the time of one by one. */
function turnLines(
  lines: Integers,
  first: number,
  across: number,
  step: number,
  out: Integers,
  width: number,
  count: number,
): void {
  let line = 0;
  for (; line + 8 <= width; line += 8) {
    for (let i = 0; i < count; i++) {
      const to = i * width + line;
      const from = first + line * across + i * step;
      out[to] = lines[from] as number;
      out[to + 1] = lines[from + across] as number;
      out[to + 2] = lines[from + 2 * across] as number;
      out[to + 3] = lines[from + 3 * across] as number;
      out[to + 4] = lines[from + 4 * across] as number;
      out[to + 5] = lines[from + 5 * across] as number;
      out[to + 6] = lines[from + 6 * across] as number;
      out[to + 7] = lines[from + 7 * across] as number;
    }
  }
  for (; line < width; line++) {
    for (let i = 0; i < count; i++) out[i * width + line] = lines[first + line * across + i * step] as number;
  }
}
