import { type ByteSource, readBytes } from '../tensor/byte-source.ts';
import { dtypeSize } from '../tensor/dtype.ts';
import { quoted } from '../tensor/tensor.ts';
import type { ArrowBatch } from './arrow-batches.ts';
import type { Collector } from './arrow-collector.ts';
import { ColumnProblem, unsupported } from './arrow-errors.ts';
import { inflater, type Window } from './arrow-inflate.ts';
import { endsOf, findPiece } from './arrow-pieces.ts';
import type { ArrowField } from './arrow-schema.ts';
import { findNull } from './arrow-validity.ts';
import { openValues } from './arrow-values.ts';

/** The columns of one batch, each with one value per row. */
interface Band {
  readonly rows: number;
  readonly columns: readonly Window[];
  /** Rows assembled at a time: all if columns are compressed, because each can only be inflated as a whole. */
  readonly blockRows: number;
}

const blockBytes = 16 << 20;
const largestBlock = 1 << 30;

/** Collects columns of one dtype, one per dimension, as a matrix. Its rows are assembled when they are read. */
export function rowsCollector(file: string, bytes: ByteSource, fields: readonly ArrowField[]): Collector {
  const dtype = fields[0]!.dtype!;
  const size = dtypeSize(dtype);
  const buffers = inflater(file, bytes);
  const bands: Band[] = [];
  let rows = 0;
  return {
    name: '',
    async add(batch) {
      if (batch.rows === 0) return;
      const columns: Window[] = [];
      for (const field of fields) columns.push(await openColumn(field, batch));
      const isInflated = columns.some(({ source }) => source !== bytes);
      const rowBytes = fields.length * size;
      if (isInflated && batch.rows * rowBytes > largestBlock) {
        const hint = 'write it again uncompressed, or in smaller batches';
        throw unsupported(file, `has a compressed batch of ${batch.rows * rowBytes} bytes over its columns`, hint);
      }
      const blockRows = isInflated ? batch.rows : Math.max(1, Math.floor(blockBytes / rowBytes));
      bands.push({ rows: batch.rows, columns, blockRows });
      rows += batch.rows;
    },
    finish: () => ({ dtype, shape: [rows, fields.length], offset: 0, bytes: rowsOf(bands, size, fields.length) }),
  };

  async function openColumn(field: ArrowField, batch: ArrowBatch): Promise<Window> {
    const window = await openValues(file, field, batch, buffers, 0, batch.rows);
    const nullRow = await findNull(file, field, batch, buffers, 0, batch.rows);
    if (nullRow !== undefined)
      throw new ColumnProblem(batch.firstRow + nullRow, `is null in column ${quoted(field.name)}`);
    return window;
  }
}

/** The bands as flat rows. Keeps the block that was assembled last. */
function rowsOf(bands: readonly Band[], itemSize: number, width: number): ByteSource {
  const rowBytes = width * itemSize;
  const ends = endsOf(bands.map((band) => band.rows * rowBytes));
  const size = ends.at(-1) ?? 0;
  let kept: { start: number; end: number; bytes: Promise<Uint8Array> } | undefined;

  /** Returns the block that holds the position. Concurrent reads share it. */
  async function blockAt(position: number) {
    if (!kept || position < kept.start || position >= kept.end) {
      const which = findPiece(ends, position);
      const band = bands[which];
      if (!band) throw new RangeError(`byte ${position} was asked for, there are ${size}`);
      const bandStart = ends[which]! - band.rows * rowBytes;
      const block = Math.floor((position - bandStart) / rowBytes / band.blockRows);
      const row = block * band.blockRows;
      const count = Math.min(band.blockRows, band.rows - row);
      const start = bandStart + row * rowBytes;
      kept = undefined;
      kept = { start, end: start + count * rowBytes, bytes: assemble(band, itemSize, row, count) };
    }
    return { start: kept.start, bytes: await kept.bytes };
  }

  return {
    size,
    async read(into, position) {
      let done = 0;
      while (done < into.length) {
        const { start, bytes } = await blockAt(position + done);
        const piece = bytes.subarray(position + done - start, position + into.length - start);
        into.set(piece, done);
        done += piece.length;
      }
    },
    async close() {},
  };
}

/** Columns written at a time: this many float32 values fill the cache line of each row that they are written to. */
const columnsAtOnce = 16;
/** Rows written at a time: this many such lines stay in the processor's cache from one column to the next. */
const rowsAtOnce = 512;

/** Assembles `count` rows of a band from `row` on, in row-major order. */
async function assemble({ columns }: Band, itemSize: number, row: number, count: number): Promise<Uint8Array> {
  const width = columns.length;
  const rows = new Uint8Array(count * width * itemSize);
  for (let first = 0; first < width; first += columnsAtOnce) {
    const group = columns
      .slice(first, first + columnsAtOnce)
      .map(({ source, start }) => readBytes(source, start + row * itemSize, count * itemSize));
    scatter(await Promise.all(group), rows, itemSize, first, width);
  }
  return rows;
}

/** Writes neighbouring columns, from number `first`, into rows of `width` values of 2, 4 or 8 bytes, bit for bit. */
function scatter(
  group: readonly Uint8Array<ArrayBuffer>[],
  rows: Uint8Array<ArrayBuffer>,
  itemSize: number,
  first: number,
  width: number,
): void {
  const View = itemSize === 2 ? Uint16Array : Uint32Array;
  // A double is copied as two units: copied as a double, the bits of a NaN could change.
  const units = itemSize / View.BYTES_PER_ELEMENT;
  const columns = group.map((bytes) => new View(bytes.buffer));
  const to = new View(rows.buffer);
  const count = columns[0]!.length;
  for (let begin = 0; begin < count; begin += rowsAtOnce * units) {
    const end = Math.min(count, begin + rowsAtOnce * units);
    columns.forEach((from, column) => {
      let at = begin * width + (first + column) * units;
      for (let i = begin; i < end; i += units, at += width * units) {
        to[at] = from[i]!;
        if (units === 2) to[at + 1] = from[i + 1]!;
      }
    });
  }
}
