import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, createDeflateRaw } from 'node:zlib';
import { openTensorFile } from '../../src/formats/open.ts';
import { readInOrder } from '../../src/tensor/numbers.ts';
import { beside } from './measure.ts';

/** The shape of a matrix to be written, with one feature per row. */
export interface Shape {
  readonly rows: number;
  readonly width: number;
}

/** A file's bytes, in pieces that are written one after another so that the whole need not fit into memory. */
type Pieces = Iterable<Uint8Array>;

/** Reads the values of a trained decoder. */
export async function trainedValues(): Promise<Float32Array> {
  const file = await openTensorFile(beside('../../fixtures/sae-tiny/sae_weights.safetensors'));
  try {
    const decoder = file.tensors.get('W_dec');
    if (!decoder) throw new Error('sae-tiny has no W_dec');
    return Float32Array.from(await readInOrder(decoder));
  } finally {
    await file.close();
  }
}

/** Writes a file from its pieces, and returns its path. */
export function write(path: string, pieces: Pieces): string {
  const file = openSync(path, 'w');
  try {
    for (const piece of pieces) writeSync(file, piece);
  } finally {
    closeSync(file);
  }
  return path;
}

/** Yields a float32 matrix filled with trained values, repeated as needed, in pieces of about a megabyte. */
export function* tiledRows(values: Float32Array, { rows, width }: Shape): Generator<Float32Array> {
  const step = Math.max(1, Math.floor((1 << 18) / width));
  for (let row = 0; row < rows; row += step) {
    const piece = new Float32Array(Math.min(step, rows - row) * width);
    for (let i = 0, from = row * width; i < piece.length; i++) piece[i] = values[(from + i) % values.length] as number;
    yield piece;
  }
}

/** Yields the same matrix with one feature per column, like a transposed decoder. */
export function* tiledColumns(values: Float32Array, { rows, width }: Shape): Generator<Float32Array> {
  for (let at = 0; at < width; at++) {
    const line = new Float32Array(rows);
    for (let row = 0; row < rows; row++) line[row] = values[(row * width + at) % values.length] as number;
    yield line;
  }
}

const bytesOf = (values: Float32Array | Uint16Array) =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

function npyHeader(descr: string, shape: readonly number[]): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const padded = `${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`;
  const start = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  start.writeUInt16LE(padded.length, 8);
  return Buffer.concat([start, Buffer.from(padded, 'latin1')]);
}

/** Yields the bytes of a `.npy` file. `encode` turns float32 into the type that `descr` names. */
export function* npy(
  pieces: Iterable<Float32Array>,
  shape: readonly number[],
  descr = '<f4',
  encode: (values: Float32Array) => Uint8Array = bytesOf,
): Generator<Uint8Array> {
  yield npyHeader(descr, shape);
  for (const piece of pieces) yield encode(piece);
}

/** Yields the bytes of a `.safetensors` file with one tensor. */
export function* safetensors(
  pieces: Iterable<Float32Array>,
  shape: readonly number[],
  dtype: string,
  bytesEach: number,
  encode: (values: Float32Array) => Uint8Array = bytesOf,
): Generator<Uint8Array> {
  const size = shape.reduce((product, length) => product * length, bytesEach);
  const text = JSON.stringify({ decoder: { dtype, shape, data_offsets: [0, size] } });
  const padded = text.padEnd(8 * Math.ceil(text.length / 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  yield Buffer.concat([length, Buffer.from(padded)]);
  for (const piece of pieces) yield encode(piece);
}

/** Truncates each value to bfloat16, which is its upper half. */
export function toBf16(values: Float32Array): Uint8Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return bytesOf(Uint16Array.from(bits, (bit) => bit >>> 16));
}

/** Truncates each value to float16. Those of trained decoders are in its range. */
export function toF16(values: Float32Array): Uint8Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return bytesOf(
    Uint16Array.from(bits, (bit) => {
      const exponent = ((bit >>> 23) & 0xff) - 112;
      const sign = (bit >>> 16) & 0x8000;
      return exponent <= 0 ? sign : sign | (exponent << 10) | ((bit >>> 13) & 0x3ff);
    }),
  );
}

/** Writes a `.npz` of one array, stored or deflated. Works up to 4 GiB. */
export async function writeNpz(path: string, pieces: Pieces, deflated: boolean): Promise<string> {
  const file = openSync(path, 'w');
  const name = Buffer.from('decoder.npy');
  const sums = { crc: 0, size: 0, packed: 0 };
  const put = (bytes: Uint8Array) => {
    sums.packed += bytes.length;
    writeSync(file, bytes);
  };
  writeSync(file, zipEntry(0x04034b50, sums, name, deflated));
  // Made only if it is used: an unused one still writes two bytes when it ends, by then into whatever file is open.
  const deflate = deflated ? createDeflateRaw().on('data', put) : undefined;
  for (const piece of pieces) {
    sums.crc = crc32(piece, sums.crc);
    sums.size += piece.length;
    if (!deflate) put(piece);
    else if (!deflate.write(piece)) await once(deflate, 'drain');
  }
  if (deflate) await once(deflate.end(), 'end');
  const start = 30 + name.length + sums.packed;
  const directory = zipEntry(0x02014b50, sums, name, deflated);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(start, 16);
  writeSync(file, Buffer.concat([directory, end]));
  writeSync(file, zipEntry(0x04034b50, sums, name, deflated), 0, 30, 0);
  closeSync(file);
  return path;
}

/** Returns a member's local header or its directory entry, which have all but a few fields in common. */
function zipEntry(
  signature: number,
  { crc, size, packed }: { crc: number; size: number; packed: number },
  name: Buffer,
  deflated: boolean,
): Buffer {
  const isLocal = signature === 0x04034b50;
  const entry = Buffer.alloc(isLocal ? 30 : 46);
  const at = isLocal ? 4 : 6;
  entry.writeUInt32LE(signature, 0);
  entry.writeUInt16LE(20, at);
  entry.writeUInt16LE(deflated ? 8 : 0, at + 4);
  entry.writeUInt16LE(0x21, at + 8);
  entry.writeUInt32LE(crc, at + 10);
  entry.writeUInt32LE(packed, at + 14);
  entry.writeUInt32LE(size, at + 18);
  entry.writeUInt16LE(name.length, at + 22);
  return Buffer.concat([entry, name]);
}

/** Returns where benches keep a file of some shape. */
export const pathOf = (folder: string, name: string, { rows, width }: Shape) =>
  join(folder, `${name}-${rows}x${width}`);
