import { floatWriter, longestFloatText } from '../encode/floats.ts';
import { AppError } from '../errors.ts';
import type { RowBlock } from '../tensor/row-blocks.ts';
import { type Body, type BodyBuilder, type BodyLimits, type BufferPool, startBody } from './body.ts';
import { type AroundRow, type BodyFormat, nameRow } from './delivery.ts';

/** Number of rows whose side data is in memory at a time. */
export const rowsRead = 64;

/**
 * Turns row blocks into request bodies, each with as many rows as fit into `limits()`, which is asked again for every body.
 * Errors: cannot_be_stored for a row that alone is too large, checkpoint_mismatch for one that is no longer finite.
 */
export async function* bodies(
  blocks: AsyncIterable<RowBlock>,
  format: BodyFormat,
  limits: () => BodyLimits,
  pool: BufferPool,
): AsyncGenerator<Body> {
  // The pool borrows its buffers from the writer, which must be loaded for that.
  if (format.values) floatWriter();
  let builder: BodyBuilder | undefined;
  let around: AroundRow = nothingAround;
  try {
    for await (const block of blocks) {
      for (let i = 0; i < block.count; i++) {
        const row = block.start + i;
        if (i % rowsRead === 0) around = await format.around(row, Math.min(rowsRead, block.count - i));
        builder ??= startBody(format, limits(), pool);
        const { buffer, start, end } = writeRow(block, i, format, around(row), builder);
        if (builder.fits(end - start)) {
          builder.keep(row, end - start);
          continue;
        }
        // Copied because finishing the body overwrites the bytes after its last row.
        const next = Buffer.from(buffer.subarray(start, end));
        if (builder.count > 0) {
          const full = builder.finish();
          builder = undefined;
          yield full;
          builder = startBody(format, limits(), pool);
        }
        if (!builder.fits(next.length)) throw rowTooLarge(format, row, next.length, limits());
        builder.add(row, next);
      }
    }
    const last = builder;
    builder = undefined;
    if (last && last.count > 0) yield last.finish();
  } finally {
    builder?.drop();
  }
}

const nothingAround: AroundRow = () => ({ before: '', after: '' });

/** Writes a row after those already in a body, where it can stay if it fits, and returns its position. */
function writeRow(
  block: RowBlock,
  i: number,
  format: BodyFormat,
  { before, after }: ReturnType<AroundRow>,
  builder: BodyBuilder,
) {
  const buffer = builder.room(before.length * 3 + after.length * 3 + block.width * longestFloatText);
  const { start } = builder;
  let at = start + buffer.write(before, start);
  if (format.values) {
    at = floatWriter()(block.values, i * block.width, block.width, buffer, at);
    if (at < 0) throw becameInfinite(format, block.start + i);
  }
  return { buffer, start, end: at + buffer.write(after, at) };
}

function becameInfinite(format: BodyFormat, row: number): AppError {
  return new AppError(
    'checkpoint_mismatch',
    `${nameRow(format, row)}: holds NaN or infinity now; it did not a moment ago`,
    {
      hints: ['the file changed while it was being read; run again once nothing is writing to it'],
      details: { row },
    },
  );
}

function rowTooLarge(format: BodyFormat, row: number, length: number, { alone: limit }: BodyLimits): AppError {
  return new AppError(
    'cannot_be_stored',
    `${nameRow(format, row)}: takes ${length} bytes as JSON; the largest body allowed is ${limit} bytes`,
    {
      hints: ['raise --max-body if you lowered it; the server has its own limit'],
      details: { row, found: length, expected: limit },
    },
  );
}
