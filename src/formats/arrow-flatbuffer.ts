import type { Message } from 'apache-arrow/fb/message';
import { AppError } from '../errors.ts';
import { invalid } from './arrow-errors.ts';

/** What apache-arrow's generated readers read from. */
type ByteBuffer = Parameters<typeof Message.getRootAsMessage>[0];

interface Table {
  bb: ByteBuffer | null;
  bb_pos: number;
}

/**
 * The part of flatbuffers' ByteBuffer that generated readers use, with every offset checked: the original reads zeros
 * outside its bytes and trusts any length. The total length of vectors and strings is bounded, too, because tables may
 * point at one another: a few hundred bytes can describe a tree that never ends.
 */
class CheckedBuffer {
  readonly #view: DataView;
  #left: number;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    // Tables may share a string, so the total may exceed the number of bytes. No writer comes near eight times that.
    this.#left = 8 * bytes.length;
  }

  position = () => 0;
  readInt8 = (at: number) => this.#view.getInt8(at);
  readUint8 = (at: number) => this.#view.getUint8(at);
  readInt16 = (at: number) => this.#view.getInt16(at, true);
  readInt32 = (at: number) => this.#view.getInt32(at, true);
  readInt64 = (at: number) => this.#view.getBigInt64(at, true);
  __indirect = (at: number) => at + this.#view.getUint32(at, true);
  __vector = (at: number) => this.__indirect(at) + 4;

  __offset(table: number, field: number): number {
    const vtable = table - this.#view.getInt32(table, true);
    // Arrow's tables are far below 32 KiB. Larger sizes read as negative here, as they do in flatbuffers' own reader.
    const size = this.#view.getInt16(vtable, true);
    const offset = field < size ? this.#view.getInt16(vtable + field, true) : 0;
    if (size < 4 || vtable + size > this.#view.byteLength || offset < 0) throw new RangeError('a table is damaged');
    return offset;
  }

  __union(table: Table, at: number): Table {
    table.bb_pos = this.__indirect(at);
    table.bb = this as unknown as ByteBuffer;
    return table;
  }

  __vector_len(at: number): number {
    return this.#spend(this.#view.getUint32(this.__indirect(at), true));
  }

  __string(at: number): string {
    const start = this.__indirect(at);
    const length = this.#spend(this.#view.getUint32(start, true));
    return new TextDecoder().decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + start + 4, length));
  }

  #spend(count: number): number {
    this.#left -= count;
    if (count > this.#view.byteLength || this.#left < 0) throw new RangeError(`a length of ${count} is out of bounds`);
    return count;
  }
}

/**
 * Reads Arrow metadata with apache-arrow's generated readers over bounds-checked bytes.
 * Anything that goes wrong inside becomes format_invalid, which says that `what` is damaged; an AppError stays as it is.
 */
export function readMetadata<T>(file: string, what: string, bytes: Uint8Array, read: (buffer: ByteBuffer) => T): T {
  try {
    return read(new CheckedBuffer(bytes) as unknown as ByteBuffer);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw invalid(file, `has ${what} that is damaged: ${(cause as Error).message}`, cause);
  }
}

/** Converts an int64 that is a count. Throws a RangeError if it is negative, or too large for a double to hold exactly. */
export function count(value: bigint): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`${value} is not a valid count`);
  return Number(value);
}

/** Reads the key and value pairs that a writer attached to a schema, field, footer or message. */
export function readNotes(holder: Pick<Message, 'customMetadata' | 'customMetadataLength'>): Map<string, string> {
  const notes = new Map<string, string>();
  const length = holder.customMetadataLength();
  for (let i = 0; i < length; i++) {
    const entry = holder.customMetadata(i);
    const key = entry?.key();
    if (key != null) notes.set(key, entry?.value() ?? '');
  }
  return notes;
}
