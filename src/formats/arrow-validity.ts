import { readBytes } from '../tensor/byte-source.ts';
import { quoted } from '../tensor/tensor.ts';
import type { ArrowBatch } from './arrow-batches.ts';
import { invalid } from './arrow-errors.ts';
import type { Inflater } from './arrow-inflate.ts';
import type { ArrowField } from './arrow-schema.ts';

const chunkBytes = 1 << 16;

/**
 * Finds the first null among `count` values of a field from `start` on; undefined if there is none. If there is a bitmap,
 * it decides, not the count of nulls beside it: some writers always write a bitmap, some do not count.
 */
export async function findNull(
  file: string,
  field: ArrowField,
  batch: ArrowBatch,
  inflater: Inflater,
  start: number,
  count: number,
): Promise<number | undefined> {
  const { length, nulls } = batch.node(field.slot);
  const region = batch.buffer(field.slot, 0);
  if (region.length === 0) {
    if (nulls > 0)
      throw invalid(
        file,
        `column ${quoted(field.name)}: claims ${nulls} nulls but has no validity bitmap that says where`,
      );
    return undefined;
  }
  const bitmap = await inflater.open(region, Math.ceil(length / 8));
  const last = Math.ceil((start + count) / 8);
  if (count > 0 && bitmap.size < last) {
    throw invalid(
      file,
      `column ${quoted(field.name)}: has a validity bitmap of ${bitmap.size} bytes, ${last} are needed`,
    );
  }
  for (let at = Math.floor(start / 8); at < last; at += chunkBytes) {
    const chunk = await readBytes(bitmap.source, bitmap.start + at, Math.min(chunkBytes, last - at));
    const found = firstUnset(chunk, Math.max(0, start - 8 * at), Math.min(8 * chunk.length, start + count - 8 * at));
    if (found !== undefined) return 8 * at + found;
  }
  return undefined;
}

/** Finds the first bit that is 0. Bits are counted from the lowest of each byte. */
function firstUnset(bytes: Uint8Array, from: number, to: number): number | undefined {
  for (let bit = from; bit < to; bit++) {
    const byte = bytes[bit >> 3]!;
    if (byte === 0xff) bit |= 7;
    else if (!(byte & (1 << (bit & 7)))) return bit;
  }
  return undefined;
}

/** Whether the bit of a row is set. */
type Bits = (i: number) => boolean;

/** Returns which rows of a batch hold a value: all of them if there is no bitmap. */
export async function readValidity(
  file: string,
  field: ArrowField,
  batch: ArrowBatch,
  buffers: Inflater,
): Promise<Bits> {
  if (batch.buffer(field.slot, 0).length > 0) return readBits(file, field, batch, buffers, 0);
  if (batch.node(field.slot).nulls > 0)
    throw invalid(file, `column ${quoted(field.name)}: claims nulls but has no validity bitmap that says where`);
  return () => true;
}

/** Reads a field's buffer number `which`, with one bit per row. Error: format_invalid if it is too short. */
export async function readBits(
  file: string,
  field: ArrowField,
  batch: ArrowBatch,
  buffers: Inflater,
  which: number,
): Promise<Bits> {
  const needed = Math.ceil(batch.rows / 8);
  const { source, start, size } = await buffers.open(batch.buffer(field.slot, which), needed);
  if (size < needed)
    throw invalid(file, `column ${quoted(field.name)}: has ${size} bytes of bits, its rows need ${needed}`);
  const bits = await readBytes(source, start, needed);
  return (i: number) => ((bits[i >> 3] as number) & (1 << (i & 7))) !== 0;
}
