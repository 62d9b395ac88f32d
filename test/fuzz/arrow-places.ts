import { Block } from 'apache-arrow/fb/block';
import { Footer } from 'apache-arrow/fb/footer';
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { RecordBatch } from 'apache-arrow/fb/record-batch';
import type { Schema } from 'apache-arrow/fb/schema';
import { ByteBuffer } from 'flatbuffers';

/** Where in an Arrow file there is a number that affects how it is read. */
export interface Place {
  readonly what: string;
  readonly at: number;
  readonly size: 1 | 2 | 4 | 8;
}

interface Table {
  readonly bb: ByteBuffer | null;
  readonly bb_pos: number;
}

/** Finds every length, offset, count and type of an Arrow file or stream, with the format's own generated readers. */
export function placesOf(bytes: Uint8Array): Place[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isFile = Buffer.from(bytes.subarray(0, 6)).toString() === 'ARROW1';
  const places = isFile ? footerPlaces(bytes, view) : [];
  for (let at = isFile ? 8 : 0; at + 8 <= bytes.length; ) {
    const marked = view.getInt32(at, true) === -1;
    const length = view.getInt32(at + (marked ? 4 : 0), true);
    const start = at + (marked ? 8 : 4);
    if (length <= 0 || start + length > bytes.length) break;
    const { found, bodyLength } = messagePlaces(bytes.subarray(start, start + length), start, start + length, view);
    places.push({ what: 'metadata length', at: start - 4, size: 4 }, ...found);
    at = start + length + bodyLength;
  }
  return places;
}

function footerPlaces(bytes: Uint8Array, view: DataView): Place[] {
  const length = view.getInt32(bytes.length - 10, true);
  const start = bytes.length - 10 - length;
  const footer = Footer.getRootAsFooter(new ByteBuffer(bytes.slice(start, start + length)));
  const places: Place[] = [
    { what: 'footer length', at: bytes.length - 10, size: 4 },
    ...vectorOf('blocks', footer, 10, start),
  ];
  for (let i = 0; i < footer.recordBatchesLength(); i++) {
    const at = start + (footer.recordBatches(i, new Block()) as Block).bb_pos;
    places.push(
      { what: 'block offset', at, size: 8 },
      { what: 'block metadata', at: at + 8, size: 4 },
      { what: 'block body', at: at + 16, size: 8 },
    );
  }
  const schema = footer.schema();
  return schema ? [...places, ...schemaPlaces(schema, start)] : places;
}

function messagePlaces(metadata: Uint8Array, start: number, body: number, view: DataView) {
  const message = Message.getRootAsMessage(new ByteBuffer(metadata.slice()));
  const found = [
    { what: 'root', at: start, size: 4 } as const,
    ...fieldOf('version', message, 4, 2, start),
    ...fieldOf('kind', message, 6, 1, start),
    ...fieldOf('body length', message, 10, 8, start),
  ];
  if (message.headerType() === MessageHeader.RecordBatch) {
    found.push(...batchPlaces(message.header(new RecordBatch()) as RecordBatch, start, body, view));
  }
  return { found, bodyLength: Number(message.bodyLength()) };
}

function batchPlaces(batch: RecordBatch, start: number, body: number, view: DataView): Place[] {
  const places = [
    ...fieldOf('rows', batch, 4, 8, start),
    ...vectorOf('nodes', batch, 6, start),
    ...vectorOf('buffers', batch, 8, start),
    ...fieldOf('compression', batch, 10, 4, start),
  ];
  for (let i = 0; i < batch.nodesLength(); i++) {
    const at = start + (batch.nodes(i)?.bb_pos ?? 0);
    places.push({ what: 'node length', at, size: 8 }, { what: 'nulls', at: at + 8, size: 8 });
  }
  for (let i = 0; i < batch.buffersLength(); i++) {
    const buffer = batch.buffers(i);
    const at = start + (buffer?.bb_pos ?? 0);
    places.push({ what: 'buffer offset', at, size: 8 }, { what: 'buffer length', at: at + 8, size: 8 });
    // List offsets, or how long a compressed buffer claims to be.
    const content = body + Number(buffer?.offset() ?? 0);
    if (Number(buffer?.length() ?? 0) >= 8 && content + 8 <= view.byteLength)
      places.push({ what: 'content', at: content, size: 8 }, { what: 'content', at: content + 4, size: 4 });
  }
  return places;
}

function schemaPlaces(schema: Schema, start: number): Place[] {
  const places = [...fieldOf('endianness', schema, 4, 2, start), ...vectorOf('fields', schema, 6, start)];
  for (let i = 0; i < schema.fieldsLength(); i++) {
    const field = schema.fields(i);
    if (field)
      places.push(
        ...fieldOf('type', field, 8, 1, start),
        ...fieldOf('type table', field, 10, 4, start),
        ...vectorOf('children', field, 14, start),
      );
  }
  return places;
}

/** Finds a field of a table by its offset in the vtable. Returns nothing if it is left out. */
function fieldOf(what: string, table: Table, vtable: number, size: Place['size'], start: number): Place[] {
  const offset = table.bb?.__offset(table.bb_pos, vtable) ?? 0;
  return offset === 0 ? [] : [{ what, at: start + table.bb_pos + offset, size }];
}

/** Finds a vector's offset and its number of elements. Returns nothing if it is left out. */
function vectorOf(what: string, table: Table, vtable: number, start: number): Place[] {
  const offset = table.bb?.__offset(table.bb_pos, vtable) ?? 0;
  if (offset === 0 || !table.bb) return [];
  return [
    { what: `${what} offset`, at: start + table.bb_pos + offset, size: 4 },
    { what: `${what} count`, at: start + table.bb.__vector(table.bb_pos + offset) - 4, size: 4 },
  ];
}
