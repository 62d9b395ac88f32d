import { AppError } from '../errors.ts';
import type { RowBlock } from '../tensor/row-blocks.ts';
import { type Body, type BodyBuilder, type BodyLimits, type BufferPool, startBody } from './body.ts';
import { type BodyFormat, nameRow } from './delivery.ts';
import { longestFloatText, writeFloats } from './float32-text.ts';

/** Rows whose side data is in memory at a time. */
const preparedRows = 64;

/**
 * Turns row blocks into request bodies: as many rows each as fit into `limits()`, asked anew for every body.
 * Errors: cannot_be_stored for a row that alone is too large.
 */
export async function* bodies(
  blocks: AsyncIterable<RowBlock>,
  format: BodyFormat,
  limits: () => BodyLimits,
  pool: BufferPool,
): AsyncGenerator<Body> {
  let builder: BodyBuilder | undefined;
  let scratch = new Uint8Array(0);
  for await (const block of blocks) {
    for (let i = 0; i < block.count; i++) {
      const row = block.start + i;
      if (i % preparedRows === 0) await format.prepare?.(row, Math.min(preparedRows, block.count - i));
      const text = format.aroundRow(row);
      const room = text.before.length * 3 + text.after.length * 3 + block.width * longestFloatText;
      if (scratch.length < room) scratch = new Uint8Array(room);
      const length = encodeRow(block, i, text, format.values, scratch);
      builder ??= startBody(format, limits(), pool);
      if (!builder.fits(length) && builder.count > 0) {
        yield builder.finish();
        builder = startBody(format, limits(), pool);
      }
      if (!builder.fits(length)) throw rowTooLarge(format, row, length, limits());
      builder.add(row, scratch.subarray(0, length));
    }
  }
  if (builder && builder.count > 0) yield builder.finish();
}

const encoder = new TextEncoder();

function encodeRow(
  block: RowBlock,
  i: number,
  text: { before: string; after: string },
  values: boolean,
  into: Uint8Array,
): number {
  let at = encoder.encodeInto(text.before, into).written;
  if (values) at = writeFloats(block.values, i * block.width, block.width, into, at);
  return at + encoder.encodeInto(text.after, into.subarray(at)).written;
}

function rowTooLarge(format: BodyFormat, row: number, length: number, { alone: limit }: BodyLimits): AppError {
  return new AppError(
    'cannot_be_stored',
    `${nameRow(format, row)}: takes ${length} bytes as JSON; the largest body allowed is ${limit} bytes`,
    {
      hints: ['raise --max-body if you lowered it; the server has a limit of its own'],
      details: { row, found: length, expected: limit },
    },
  );
}
