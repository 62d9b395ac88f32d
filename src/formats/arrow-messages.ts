import { Footer } from 'apache-arrow/fb/footer';
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { Schema } from 'apache-arrow/fb/schema';
import { type ByteSource, readBytes } from '../tensor/byte-source.ts';
import { invalid, unsupported } from './arrow-errors.ts';
import { count, readMetadata, readNotes } from './arrow-flatbuffer.ts';
import { type ArrowSchema, readSchema } from './arrow-schema.ts';

/** One message: its metadata, and where its body lies. All of it is inside the file. */
export interface ArrowMessage {
  readonly metadata: Uint8Array;
  readonly kind: MessageHeader;
  readonly bodyStart: number;
  /** Where the body ends and, in a stream, the next message begins. */
  readonly end: number;
}

/** A file or stream whose schema has been read. */
export interface ArrowFrames {
  readonly schema: ArrowSchema;
  /** Whether it has dictionaries, which are skipped. Known for a stream only once its batches have been read. */
  readonly hasDictionaries: () => boolean;
  /** Record batches in order. Each is located when it is asked for. */
  readonly batches: () => AsyncGenerator<ArrowMessage>;
}

/** A schema of 100,000 columns takes 20 MB. */
const longestMetadata = 64 << 20;

const magic = 'ARROW1';
/** The magic and two bytes of padding. */
const magicBytes = 8;

/** Tells file from stream and reads the schema. Errors: format_invalid, format_unsupported. */
export async function readFrames(file: string, bytes: ByteSource): Promise<ArrowFrames> {
  const head = await readText(bytes, 0, magicBytes);
  if (head.startsWith('FEA1')) {
    const hint = 'write it again: pyarrow.feather.write_feather(pyarrow.feather.read_table("old"), "new.arrow")';
    throw unsupported(file, 'is a Feather file of version 1, which Arrow replaced in 2020', hint);
  }
  return head.startsWith(magic) ? readFile(file, bytes) : readStream(file, bytes);
}

async function readText(bytes: ByteSource, position: number, length: number): Promise<string> {
  return Buffer.from(await readBytes(bytes, position, Math.min(length, bytes.size - position))).toString('latin1');
}

async function readStream(file: string, bytes: ByteSource): Promise<ArrowFrames> {
  const first = await readMessage(file, bytes, 0, bytes.size);
  if (first?.kind !== MessageHeader.Schema) throw invalid(file, 'is an Arrow stream that does not begin with a schema');
  const schema = readMetadata(file, 'a schema', first.metadata, (buffer) => {
    const message = Message.getRootAsMessage(buffer);
    return readSchema(file, message.header(new Schema()) as Schema | null, message.version());
  });
  let hasDictionaries = false;
  return {
    schema,
    hasDictionaries: () => hasDictionaries,
    async *batches() {
      let at = first.end;
      for (let message = await next(); message; message = await next()) {
        at = message.end;
        if (message.kind === MessageHeader.DictionaryBatch) hasDictionaries = true;
        else if (message.kind === MessageHeader.RecordBatch) yield message;
        else throw stray(file, message.kind);
      }

      async function next() {
        return at === bytes.size ? undefined : readMessage(file, bytes, at, bytes.size);
      }
    },
  };
}

async function readFile(file: string, bytes: ByteSource): Promise<ArrowFrames> {
  const footerEnd = bytes.size - magic.length - 4;
  if (footerEnd < magicBytes || (await readText(bytes, footerEnd + 4, magic.length)) !== magic) {
    throw invalid(file, `is truncated: an Arrow file ends with ${magic}, this one does not`);
  }
  const length = new DataView((await readBytes(bytes, footerEnd, 4)).buffer).getInt32(0, true);
  if (length <= 0 || length > Math.min(longestMetadata, footerEnd - magicBytes)) {
    throw invalid(file, `claims a footer of ${length} bytes in a file of ${bytes.size}`);
  }
  const footerStart = footerEnd - length;
  const footerBytes = await readBytes(bytes, footerStart, length);
  const { schema, starts, dictionaries } = readMetadata(file, 'a footer', footerBytes, (buffer) => {
    const footer = Footer.getRootAsFooter(buffer);
    readNotes(footer);
    const schema = readSchema(file, footer.schema(), footer.version());
    return { schema, starts: readBlocks(footer), dictionaries: footer.dictionariesLength() };
  });
  return {
    schema,
    hasDictionaries: () => dictionaries > 0,
    async *batches() {
      const spans: [start: number, end: number][] = [];
      for (const start of starts) {
        const message = await readMessage(file, bytes, start, footerStart);
        if (message?.kind !== MessageHeader.RecordBatch) throw stray(file, message?.kind);
        spans.push([start, message.end]);
        yield message;
      }
      checkApart(file, spans);
    },
  };
}

function readBlocks(footer: Footer): number[] {
  return Array.from({ length: footer.recordBatchesLength() }, (_, i) => count(footer.recordBatches(i)!.offset()));
}

/** Refuses overlapping batches: a footer that lists one batch again and again could claim any number of rows. */
function checkApart(file: string, spans: [start: number, end: number][]): void {
  spans.sort(([a], [b]) => a - b);
  spans.forEach(([start], i) => {
    if (i > 0 && start < spans[i - 1]![1]) throw invalid(file, 'has a footer whose record batches overlap');
  });
}

/** Reads the message at a position; undefined at the mark that ends a stream. */
async function readMessage(
  file: string,
  bytes: ByteSource,
  at: number,
  limit: number,
): Promise<ArrowMessage | undefined> {
  const prefix = new DataView((await readBytes(bytes, at, Math.max(0, Math.min(8, limit - at)))).buffer);
  if (prefix.byteLength < 4) throw invalid(file, `is truncated: it ends at byte ${limit}, in a message`);
  // Before Arrow 0.15 there was no -1 in front of the length.
  const marked = prefix.getInt32(0, true) === -1;
  if (marked && prefix.byteLength < 8) throw invalid(file, `is truncated: it ends at byte ${limit}, in a message`);
  const length = prefix.getInt32(marked ? 4 : 0, true);
  const start = at + (marked ? 8 : 4);
  if (length === 0) {
    if (start === limit) return undefined;
    throw invalid(file, `has ${limit - start} trailing bytes after the end of its stream`);
  }
  if (length < 0 || length > longestMetadata) {
    throw invalid(file, `has a message at byte ${at} that claims ${length} bytes of metadata`);
  }
  if (start + length > limit) {
    throw invalid(
      file,
      `is truncated: a message at byte ${at} has ${length} bytes of metadata, found ${limit - start}`,
    );
  }
  return checkMessage(file, await readBytes(bytes, start, length), start + length, limit);
}

function checkMessage(file: string, metadata: Uint8Array, bodyStart: number, limit: number): ArrowMessage {
  const { kind, bodyLength } = readMetadata(file, 'a message', metadata, (buffer) => {
    const message = Message.getRootAsMessage(buffer);
    return { kind: message.headerType(), bodyLength: count(message.bodyLength()) };
  });
  const end = bodyStart + bodyLength;
  if (end > limit) {
    throw invalid(
      file,
      `is truncated: a message at byte ${bodyStart} has a body of ${bodyLength} bytes, found ${limit - bodyStart}`,
    );
  }
  return { metadata, kind, bodyStart, end };
}

function stray(file: string, kind: MessageHeader | undefined) {
  if (kind === MessageHeader.Tensor || kind === MessageHeader.SparseTensor) {
    return unsupported(file, 'holds an Arrow tensor message, not a table', 'write a table with a column of lists');
  }
  return invalid(file, `has a message of kind ${kind ?? 'none'} where a record batch belongs`);
}
