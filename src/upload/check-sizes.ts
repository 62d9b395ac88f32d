import { floatWriter, longestFloatText } from '../encode/floats.ts';
import type { RowBlock } from '../tensor/row-blocks.ts';
import { rowsRead } from './bodies.ts';
import type { AroundRow, BodyFormat } from './delivery.ts';

/** What single rows have besides what is fetched for them around their values, at the most: names and numbers. */
const usualText = 64 << 10;

/** Of a block's planned rows, those that are larger alone than a body may be, and why. */
export type CheckSizes = (block: RowBlock, isPlanned: (row: number) => boolean) => Promise<ReadonlyMap<number, string>>;

/**
 * Looks at rows as they will be sent: a body holds at least one, and takes at most `limit` bytes. Undefined where no row of
 * `width` values can be too large.
 */
export function sizeCheck(format: BodyFormat, width: number, limit: number): CheckSizes | undefined {
  // The comma that a builder counts with each row.
  const frame = Buffer.byteLength(format.before) + Buffer.byteLength(format.after) + 1;
  const mostOfValues = format.values ? width * longestFloatText : 0;
  if (frame + usualText + (format.mostRead ?? 0) + mostOfValues <= limit) return undefined;
  return async (block, isPlanned) => {
    const tooLarge = new Map<number, string>();
    let read = 0;
    let around: AroundRow | undefined;
    for (let i = 0; i < block.count; i++) {
      const row = block.start + i;
      if (!isPlanned(row)) continue;
      if (!around || i >= read) {
        read = Math.min(block.count, i + rowsRead);
        around = await format.around(row, read - i);
      }
      const { before, after } = around(row);
      const text = frame + Buffer.byteLength(before) + Buffer.byteLength(after);
      if (text + mostOfValues <= limit) continue;
      const size = text + (format.values ? valuesText(block, i) : 0);
      if (size > limit) tooLarge.set(row, `takes ${size} bytes as JSON; the largest body allowed is ${limit} bytes`);
    }
    return tooLarge;
  };
}

/** Bytes of a row's values as text; none where they cannot be sent at all. */
function valuesText({ values, width }: RowBlock, i: number): number {
  return Math.max(0, floatWriter()(values, i * width, width, Buffer.alloc(width * longestFloatText), 0));
}
