import { crc32 } from 'node:zlib';
import { borrowBuffer, returnBuffer } from '../encode/floats.ts';
import { type Ranges, rangesOf } from '../tensor/ranges.ts';
import type { BodyFormat } from './delivery.ts';

/** A complete request body, with each row's position in it so that it can be split without reading the file again. */
export interface Body {
  readonly bytes: Uint8Array;
  readonly pieces: readonly Piece[];
  /** Gives its memory back for another body; its bytes must not be used after that. Further calls do nothing. */
  release(): void;
}

/** Position of a row's text in a body. */
interface Piece {
  readonly row: number;
  readonly start: number;
  readonly end: number;
}

export interface BodyLimits {
  readonly rows: number;
  readonly bytes: number;
  /** Bytes allowed for a body of a single row, which cannot be made smaller. */
  readonly alone: number;
}

/** Limits for bodies whose rows are already chosen. */
export const unlimited: BodyLimits = {
  rows: Number.POSITIVE_INFINITY,
  bytes: Number.POSITIVE_INFINITY,
  alone: Number.POSITIVE_INFINITY,
};

/** The rows of a body. */
export function bodyRows(body: Body): Ranges {
  return rangesOf(body.pieces.map(({ row }) => row));
}

/** Bodies up to this size are hashed whole; larger ones in the first `partBytes` of every `everyBytes`, and the last. */
const wholeBytes = 1 << 16;
const everyBytes = 1 << 17;
const partBytes = 1 << 12;

/**
 * Returns length and CRC-32 of a body, to tell whether a rebuilt body is the one that was sent. The journal is bound to the
 * values and side files, so only another version of this tool would build another body, and it would print all values or
 * write all fields in another way. Parts of a large body are therefore enough; hashing all of it would take half as long as
 * writing its text.
 */
export function bodyHash({ bytes }: Pick<Body, 'bytes'>): string {
  const isLarge = bytes.length > wholeBytes;
  let sum = isLarge ? crc32(bytes.subarray(-partBytes)) : 0;
  const part = isLarge ? partBytes : wholeBytes;
  for (let at = 0; at < bytes.length; at += everyBytes) sum = crc32(bytes.subarray(at, at + part), sum);
  return `${bytes.length}-${sum.toString(16).padStart(8, '0')}`;
}

/** Reuses the buffers of answered bodies, so that memory is bounded by what is in flight and what is made ahead. */
export interface BufferPool {
  take(): Buffer;
  give(buffer: Buffer): void;
}

const firstBufferBytes = 1 << 16;

/** Makes a pool of borrowed buffers and, when those do not suffice, its own, which keep the size they have grown to. */
export function createBufferPool(): BufferPool {
  const free: Buffer[] = [];
  return {
    take: () => free.pop() ?? borrowBuffer() ?? Buffer.allocUnsafeSlow(firstBufferBytes),
    give: (buffer) => {
      if (!returnBuffer(buffer)) free.push(buffer);
    },
  };
}

/** A body that rows are being added to. */
export interface BodyBuilder {
  readonly count: number;
  /** Where the next row begins. */
  readonly start: number;
  /** Whether a row of this many bytes can still be added. */
  fits(length: number): boolean;
  /** Returns the body's buffer, with room for a row of this many bytes at `start`; valid until the next call. */
  room(length: number): Buffer;
  /** Adds the row that was written at `start`. */
  keep(row: number, length: number): void;
  /** Adds a row that was written elsewhere. */
  add(row: number, bytes: Uint8Array): void;
  finish(): Body;
  /** Gives back the memory of a body that will not be finished. */
  drop(): void;
}

const encoder = new TextEncoder();
const comma = 44;

/** Begins a body. Its buffer grows with its rows, so that a few kilobytes do not take the megabytes of the limit. */
export function startBody(format: BodyFormat, limits: BodyLimits, pool: BufferPool): BodyBuilder {
  const before = encoder.encode(format.before);
  const after = encoder.encode(format.after);
  let buffer = withRoom(pool.take(), 0, before.length + after.length);
  buffer.set(before);
  let at = before.length;
  let isGone = false;
  const pieces: Piece[] = [];
  const builder: BodyBuilder = {
    get count() {
      return pieces.length;
    },
    get start() {
      return pieces.length > 0 ? at + 1 : at;
    },
    fits(length) {
      const size = at + 1 + length + after.length;
      return pieces.length === 0 ? size <= limits.alone : pieces.length < limits.rows && size <= limits.bytes;
    },
    room(length) {
      buffer = withRoom(buffer, at, 1 + length + after.length);
      return buffer;
    },
    keep(row, length) {
      const { start } = builder;
      if (pieces.length > 0) buffer[at] = comma;
      at = start + length;
      pieces.push({ row, start, end: at });
    },
    add(row, bytes) {
      builder.room(bytes.length).set(bytes, builder.start);
      builder.keep(row, bytes.length);
    },
    finish() {
      buffer.set(after, at);
      return { bytes: buffer.subarray(0, at + after.length), pieces, release: builder.drop };
    },
    drop() {
      // Given back twice, the buffer would serve two bodies at once.
      if (!isGone) pool.give(buffer);
      isGone = true;
    },
  };
  return builder;
}

function withRoom(buffer: Buffer, used: number, more: number): Buffer {
  if (used + more <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafeSlow(Math.max(used + more, 2 * buffer.length));
  buffer.copy(larger, 0, 0, used);
  // Borrowed buffers are few and go back; a small one of the pool's own is simply dropped.
  returnBuffer(buffer);
  return larger;
}

/** Splits a body of several rows into two, each a complete body. */
export function halveBody(body: Body, format: BodyFormat, pool: BufferPool): [Body, Body] {
  const middle = Math.ceil(body.pieces.length / 2);
  return [
    bodyOf(body, body.pieces.slice(0, middle), format, pool),
    bodyOf(body, body.pieces.slice(middle), format, pool),
  ];
}

/** Makes a body of some of another body's rows. */
export function bodyOf(body: Body, pieces: readonly Piece[], format: BodyFormat, pool: BufferPool): Body {
  const builder = startBody(format, unlimited, pool);
  for (const { row, start, end } of pieces) builder.add(row, body.bytes.subarray(start, end));
  return builder.finish();
}
