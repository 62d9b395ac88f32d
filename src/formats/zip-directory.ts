import { type ByteSource, readBytes } from '../tensor/byte-source.ts';
import { asBuffer, findDirectory } from './zip-end.ts';
import { zipError } from './zip-error.ts';

/** One entry of a zip archive's central directory. Format: PKWARE's APPNOTE.TXT, 4.3 and 4.5.3. */
export interface ZipEntry {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly encrypted: boolean;
  /** CRC-32 of the bytes before compression. */
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Byte position of its local header. */
  readonly headerOffset: number;
  /** Where the next entry or the directory begins: this entry must end before that. */
  readonly limit: number;
}

type Unbounded = Omit<ZipEntry, 'limit'>;

/**
 * Reads the central directory. Sizes come from it alone: local headers may leave them out, as numpy's do.
 * Error: format_invalid if the directory is missing or damaged, or does not end where the end record begins.
 */
export async function readZipDirectory(path: string, bytes: ByteSource): Promise<ZipEntry[]> {
  const { offset, length, count } = await findDirectory(path, bytes);
  const directory = asBuffer(await readBytes(bytes, offset, length));
  const entries: Unbounded[] = [];
  let at = 0;
  while (at < length) {
    const { entry, next } = readEntry(path, directory, at);
    entries.push(entry);
    at = next;
  }
  if (entries.length !== count) {
    throw zipError('format_invalid', path, `has a zip directory of ${entries.length} entries that claims ${count}`);
  }
  return withLimits(path, entries, offset);
}

function readEntry(path: string, directory: Buffer, at: number): { entry: Unbounded; next: number } {
  if (at + 46 > directory.length || directory.readUInt32LE(at) !== 0x02014b50) {
    throw zipError('format_invalid', path, `has a damaged zip directory: no entry at its byte ${at}`);
  }
  const flags = directory.readUInt16LE(at + 8);
  const [nameEnd, extraEnd, next] = entryEnds(directory, at);
  if (next > directory.length)
    throw zipError('format_invalid', path, 'has a zip directory that is cut off in an entry');
  const nameBytes = directory.subarray(at + 46, nameEnd);
  const name = nameBytes.toString(flags & 0x800 ? 'utf8' : 'latin1');
  const entry = {
    name,
    method: directory.readUInt16LE(at + 10),
    encrypted: (flags & 0x2041) !== 0,
    crc: directory.readUInt32LE(at + 16),
    ...readSizes(path, name, directory, at, directory.subarray(nameEnd, extraEnd)),
  };
  return { entry, next };
}

function entryEnds(directory: Buffer, at: number): [number, number, number] {
  const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
  const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
  return [nameEnd, extraEnd, extraEnd + directory.readUInt16LE(at + 32)];
}

/** Reads sizes and offset. Those that do not fit 32 bits are 0xFFFFFFFF and follow in the zip64 extra, in this order. */
function readSizes(path: string, name: string, directory: Buffer, at: number, extra: Buffer) {
  const wide = findZip64Extra(extra);
  let used = 0;
  const read = (field: number) => {
    const value = directory.readUInt32LE(at + field);
    if (value !== 0xffffffff) return value;
    if (!wide || used + 8 > wide.length) {
      throw zipError('format_invalid', path, 'lacks the zip64 field for its size or position', name);
    }
    used += 8;
    return Number(wide.readBigUInt64LE(used - 8));
  };
  return { size: read(24), compressedSize: read(20), headerOffset: read(42) };
}

function findZip64Extra(extra: Buffer): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) return extra.subarray(at + 4, end);
    at = end;
  }
  return undefined;
}

/** Adds where each entry must end: with overlapping entries a small archive could pretend to be a large one. */
function withLimits(path: string, entries: readonly Unbounded[], directoryOffset: number): ZipEntry[] {
  const starts = entries.map((entry) => entry.headerOffset).sort((a, b) => a - b);
  const next = new Map<number, number>();
  // If several begin at the same place, the first gets that place as its end: there is no room for any of them.
  starts.forEach((start, i) => {
    if (!next.has(start)) next.set(start, starts[i + 1] ?? directoryOffset);
  });
  return entries.map((entry) => {
    const limit = next.get(entry.headerOffset) as number;
    if (entry.headerOffset <= directoryOffset) return { ...entry, limit };
    throw zipError('format_invalid', path, `begins at ${entry.headerOffset}, past the zip directory`, entry.name);
  });
}
