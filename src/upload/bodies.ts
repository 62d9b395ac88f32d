import { createHash } from 'node:crypto';
import { AppError } from '../errors.ts';
import { mergeRanges, type Range, type Ranges } from '../tensor/ranges.ts';
import type { RowBlock } from '../tensor/row-blocks.ts';
import type { BodyFormat } from './delivery.ts';
import { longestFloatText, writeFloats } from './float32-text.ts';

/** A request body, complete, with the place of each row in it so that it can be halved without reading the file again. */
export interface Body {
  readonly bytes: Uint8Array;
  readonly pieces: readonly Piece[];
}

interface Piece {
  readonly row: number;
  readonly start: number;
  readonly end: number;
}

export interface BodyLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** The rows of a body. */
export function bodyRows(body: Body): Ranges {
  return mergeRanges(body.pieces.map(({ row }): Range => [row, row + 1]));
}

/** SHA-256 of a body, in hex. */
export function bodyHash(body: Body): string {
  return createHash('sha256').update(body.bytes).digest('hex');
}

/**
 * Turns row blocks into request bodies: as many rows each as fit into `limits()`, asked anew for every body.
 * A body is a buffer of its own, for it is kept until its answer has come. Errors: cannot_be_stored for a row that
 * alone is too large.
 */
export async function* bodies(
  blocks: AsyncIterable<RowBlock>,
  format: BodyFormat,
  limits: () => BodyLimits,
): AsyncGenerator<Body> {
  let builder: BodyBuilder | undefined;
  let scratch = new Uint8Array(0);
  for await (const block of blocks) {
    for (let i = 0; i < block.count; i++) {
      const row = block.start + i;
      const text = format.aroundRow(row);
      const room = text.before.length * 3 + text.after.length * 3 + block.width * longestFloatText;
      if (scratch.length < room) scratch = new Uint8Array(room);
      const length = encodeRow(block, i, text, scratch);
      builder ??= startBody(format, limits());
      if (!builder.fits(length)) {
        if (builder.count === 0) throw rowTooLarge(row, length, limits().bytes);
        yield builder.finish();
        builder = startBody(format, limits());
      }
      builder.add(row, scratch.subarray(0, length));
    }
  }
  if (builder && builder.count > 0) yield builder.finish();
}

function encodeRow(block: RowBlock, i: number, text: { before: string; after: string }, into: Uint8Array): number {
  let at = encoder.encodeInto(text.before, into).written;
  at = writeFloats(block.values, i * block.width, block.width, into, at);
  return at + encoder.encodeInto(text.after, into.subarray(at)).written;
}

const encoder = new TextEncoder();
const comma = 44;

interface BodyBuilder {
  readonly count: number;
  fits(length: number): boolean;
  add(row: number, bytes: Uint8Array): void;
  finish(): Body;
}

/** Grows its buffer as rows come: a limit of megabytes is no reason to take them for a body of kilobytes. */
function startBody(format: BodyFormat, limits: BodyLimits): BodyBuilder {
  const before = encoder.encode(format.before);
  const after = encoder.encode(format.after);
  let buffer = Buffer.allocUnsafe(Math.min(limits.bytes, 1 << 16) + before.length + after.length);
  buffer.set(before);
  let at = before.length;
  const pieces: Piece[] = [];
  return {
    get count() {
      return pieces.length;
    },
    fits: (length) => pieces.length < limits.rows && at + 1 + length + after.length <= limits.bytes,
    add(row, bytes) {
      buffer = withRoom(buffer, at, 1 + bytes.length + after.length);
      if (pieces.length > 0) buffer[at++] = comma;
      buffer.set(bytes, at);
      pieces.push({ row, start: at, end: at + bytes.length });
      at += bytes.length;
    },
    finish() {
      buffer.set(after, at);
      return { bytes: buffer.subarray(0, at + after.length), pieces };
    },
  };
}

function withRoom(buffer: Buffer<ArrayBuffer>, used: number, more: number): Buffer<ArrayBuffer> {
  if (used + more <= buffer.length) return buffer;
  const larger = Buffer.allocUnsafe(Math.max(used + more, 2 * buffer.length));
  buffer.copy(larger, 0, 0, used);
  return larger;
}

/** Splits a body of several rows into two, each a complete body. */
export function halveBody(body: Body, format: BodyFormat): [Body, Body] {
  const middle = Math.ceil(body.pieces.length / 2);
  return [bodyOf(body, body.pieces.slice(0, middle), format), bodyOf(body, body.pieces.slice(middle), format)];
}

/** A body of some of another's rows. */
export function bodyOf(body: Body, pieces: readonly Piece[], format: BodyFormat): Body {
  const bytes = pieces.reduce((sum, piece) => sum + piece.end - piece.start + 1, 0);
  const builder = startBody(format, {
    rows: pieces.length,
    bytes: bytes + format.before.length * 3 + format.after.length * 3,
  });
  for (const { row, start, end } of pieces) builder.add(row, body.bytes.subarray(start, end));
  return builder.finish();
}

function rowTooLarge(row: number, length: number, limit: number): AppError {
  return new AppError(
    'cannot_be_stored',
    `row ${row}: takes ${length} bytes as JSON; the largest body allowed is ${limit} bytes`,
    {
      hints: ['raise --max-body if you lowered it; the server has a limit of its own'],
      details: { row, found: length, expected: limit },
    },
  );
}
