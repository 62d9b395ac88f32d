import { BodyCompressionMethod } from 'apache-arrow/fb/body-compression-method';
import { CompressionType } from 'apache-arrow/fb/compression-type';
import { Message } from 'apache-arrow/fb/message';
import { RecordBatch } from 'apache-arrow/fb/record-batch';
import { invalid, unsupported } from './arrow-errors.ts';
import { count, readMetadata, readNotes } from './arrow-flatbuffer.ts';
import type { ArrowFrames, ArrowMessage } from './arrow-messages.ts';
import type { ArrowSchema, Slot } from './arrow-schema.ts';

export type Codec = 'lz4' | 'zstd';

/** Where a buffer of a batch lies in the file, and how it is compressed. */
export interface Region {
  readonly position: number;
  readonly length: number;
  readonly codec: Codec | undefined;
}

/** A record batch. All its buffers have been checked to lie inside its body, which has not been read. */
export interface ArrowBatch {
  /** Number of the batch's first row in the table. */
  readonly firstRow: number;
  readonly rows: number;
  node(slot: Slot): { readonly length: number; readonly nulls: number };
  /** Buffer number `which` of the field with this slot; number 0 is its validity bitmap. */
  buffer(slot: Slot, which: number): Region;
  /** How many data buffers a field of string views has in this batch. */
  viewBuffers(slot: Slot): number;
}

/** Yields every record batch in order. Errors: format_invalid, format_unsupported. */
export async function* readBatches(file: string, frames: ArrowFrames): AsyncGenerator<ArrowBatch> {
  let firstRow = 0;
  for await (const message of frames.batches()) {
    const batch = readMetadata(file, 'a record batch', message.metadata, (buffer) =>
      readBatch(file, Message.getRootAsMessage(buffer), message, frames.schema, firstRow),
    );
    yield batch;
    firstRow += batch.rows;
  }
}

function readBatch(
  file: string,
  message: Message,
  { bodyStart, end }: ArrowMessage,
  schema: ArrowSchema,
  firstRow: number,
): ArrowBatch {
  const header = message.header(new RecordBatch()) as RecordBatch | null;
  if (!header) throw new RangeError('it is empty');
  const codec = readCodec(file, message, header);
  const extra = readExtraBuffers(header, schema.end.views);
  const nodes = flatPairs(header.nodesLength(), schema.end.node, (i) => {
    const node = header.nodes(i)!;
    // Writers that have not counted the nulls write -1. The bitmap decides in any case.
    return [node.length(), node.nullCount() < 0n ? 0n : node.nullCount()];
  });
  const buffers = flatPairs(header.buffersLength(), schema.end.buffer + extra(schema.end), (i) => {
    const buffer = header.buffers(i)!;
    return [buffer.offset(), buffer.length()];
  });
  for (let i = 0; i < buffers.length; i += 2) {
    const [offset, length] = [buffers[i]!, buffers[i + 1]!];
    if (offset + length > end - bodyStart) {
      const place = `bytes ${offset} to ${offset + length} of a body of ${end - bodyStart}`;
      throw invalid(file, `has a record batch whose buffer ${i / 2} lies outside it: ${place}`);
    }
  }
  const rows = count(header.length());
  if (!Number.isSafeInteger(firstRow + rows)) throw new RangeError(`${rows} rows overflow`);
  return {
    firstRow,
    rows,
    node: ({ node }) => ({ length: nodes[2 * node]!, nulls: nodes[2 * node + 1]! }),
    buffer(slot, which) {
      const at = 2 * (slot.buffer + extra(slot) + which);
      return { position: bodyStart + buffers[at]!, length: buffers[at + 1]!, codec };
    },
    viewBuffers: (slot) => extra({ ...slot, views: slot.views + 1 }) - extra(slot),
  };
}

/** Reads pairs of counts into one flat array, after checking that there are as many as the schema needs. */
function flatPairs(found: number, needed: number, read: (i: number) => [bigint, bigint]): Float64Array {
  if (found < needed) throw new RangeError(`it lists ${found} parts, the schema has ${needed}`);
  const pairs = new Float64Array(2 * needed);
  for (let i = 0; i < needed; i++) pairs.set(read(i).map(count), 2 * i);
  return pairs;
}

/** Returns a function that counts the buffers that string views before a slot add to those known from the schema. */
function readExtraBuffers(header: RecordBatch, views: number): (slot: Slot) => number {
  // Checked even if no field is a view: apache-arrow, which gets small files as they are, trusts this length.
  const counted = header.variadicBufferCountsLength();
  if (views === 0) return () => 0;
  if (counted < views) throw new RangeError('it does not count the buffers of its views');
  const before = new Float64Array(views + 1);
  for (let i = 0; i < views; i++) before[i + 1] = before[i]! + count(header.variadicBufferCounts(i)!);
  return (slot) => before[slot.views]!;
}

function readCodec(file: string, message: Message, header: RecordBatch): Codec | undefined {
  const again = 'write it again with a current Arrow, or uncompressed';
  if (readNotes(message).has('ARROW:experimental_compression')) {
    throw unsupported(file, 'has buffers compressed in the experimental way of Arrow 0.17', again);
  }
  const compression = header.compression();
  if (!compression) return undefined;
  const [codec, method] = [compression.codec(), compression.method()];
  if (method === BodyCompressionMethod.BUFFER) {
    if (codec === CompressionType.LZ4_FRAME) return 'lz4';
    if (codec === CompressionType.ZSTD) return 'zstd';
  }
  throw unsupported(file, `is compressed in a way that is not known (codec ${codec}, method ${method})`, again);
}
