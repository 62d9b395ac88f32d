import { floatWriter, longestFloatText } from '../encode/floats.ts';
import type { RowBlock } from '../tensor/row-blocks.ts';
import { rowsRead } from './bodies.ts';
import type { AroundRow, BodyFormat } from './delivery.ts';

/** Most bytes that a row has besides its values and the data read for it: names and numbers. */
const usualText = 64 << 10;

/** Returns those of a block's planned rows that are too large even for a body of their own, and why. */
export type CheckSizes = (block: RowBlock, isPlanned: (row: number) => boolean) => Promise<ReadonlyMap<number, string>>;

/**
 * Makes a check of rows as they will be sent: each must fit alone into a body of at most `limit` bytes. Undefined if no row
 * of `width` values can be too large.
 */
export function sizeCheck(format: BodyFormat, width: number, limit: number): CheckSizes | undefined {
  // Plus the comma that a body builder counts for every row.
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

/** Returns the size of a row's values as text, in bytes; 0 if one of them is not finite. */
function valuesText({ values, width }: RowBlock, i: number): number {
  return Math.max(0, floatWriter()(values, i * width, width, Buffer.alloc(width * longestFloatText), 0));
}
