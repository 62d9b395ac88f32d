import { type ByteSource, readBytes } from '../tensor/byte-source.ts';
import { zipError } from './zip-error.ts';

const endLength = 22;
const longestComment = 0xffff;
/** A directory takes about 60 bytes per array: no real one comes near this. */
const longestDirectory = 100_000_000;

/** The most arrays of an archive: each takes some memory before any is read. */
const mostEntries = 250_000;

/** Where the central directory lies. */
export interface DirectorySpan {
  readonly offset: number;
  readonly length: number;
  readonly count: number;
}

/** Finds the central directory from the end of the file. Error: format_invalid. */
export async function findDirectory(path: string, bytes: ByteSource): Promise<DirectorySpan> {
  const tailLength = Math.min(bytes.size, endLength + longestComment);
  const tail = asBuffer(await readBytes(bytes, bytes.size - tailLength, tailLength));
  const at = findEnd(path, tail);
  const end = bytes.size - tailLength + at;
  const plain = {
    count: tail.readUInt16LE(at + 10),
    length: tail.readUInt32LE(at + 12),
    offset: tail.readUInt32LE(at + 16),
  };
  const overflows = plain.count === 0xffff || plain.length === 0xffffffff || plain.offset === 0xffffffff;
  const large = overflows ? await readZip64End(path, bytes, end) : undefined;
  const span = large ?? { ...plain, end };
  // This also refuses bytes put before the archive, which shift every offset.
  if (span.offset + span.length !== span.end) {
    throw zipError(
      'format_invalid',
      path,
      `has a zip directory of ${span.length} bytes at ${span.offset} that should end at ${span.end}`,
    );
  }
  if (span.length > longestDirectory) {
    throw zipError(
      'format_invalid',
      path,
      `claims a zip directory of ${span.length} bytes; at most ${longestDirectory} are read`,
    );
  }
  if (span.count > mostEntries) {
    throw zipError('format_invalid', path, `claims ${span.count} arrays; at most ${mostEntries} are read`);
  }
  return span;
}

/** Finds the end record, which is followed by a comment that ends exactly where the file ends. */
function findEnd(path: string, tail: Buffer): number {
  for (let at = tail.length - endLength; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== 0x06054b50) continue;
    if (at + endLength + tail.readUInt16LE(at + 20) !== tail.length) continue;
    if (tail.readUInt16LE(at + 4) === 0 && tail.readUInt16LE(at + 6) === 0) return at;
  }
  throw zipError('format_invalid', path, 'is truncated or not a zip archive: the directory at its end is missing');
}

/** Reads the record with the true numbers of archives above 65,534 entries or 4 GiB; undefined if there is none. */
async function readZip64End(
  path: string,
  bytes: ByteSource,
  end: number,
): Promise<(DirectorySpan & { end: number }) | undefined> {
  if (end < 20 + 56) return undefined;
  const locator = asBuffer(await readBytes(bytes, end - 20, 20));
  if (locator.readUInt32LE(0) !== 0x07064b50) return undefined;
  const at = Number(locator.readBigUInt64LE(8));
  if (at > end - 20 - 56) throw zipError('format_invalid', path, `has a zip64 record at ${at}, past its directory`);
  const record = asBuffer(await readBytes(bytes, at, 56));
  if (record.readUInt32LE(0) !== 0x06064b50) {
    throw zipError('format_invalid', path, `has no zip64 record at ${at}, where its directory puts it`);
  }
  const [count, length, offset] = [32, 40, 48].map((field) => Number(record.readBigUInt64LE(field))) as [
    number,
    number,
    number,
  ];
  return { count, length, offset, end: at };
}

/** The same bytes as a Buffer, for its methods that read numbers. */
export function asBuffer(bytes: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
