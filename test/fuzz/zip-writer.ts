import { crc32, deflateRawSync } from 'node:zlib';

/** Fields of a zip archive that can be lies. Sizes above 32 bits go into zip64 extra fields. */
export interface ZipLies {
  readonly name?: string;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  readonly compressedSize?: number;
  readonly size?: number;
  readonly headerOffset?: number;
}

/** One member: its content, how it is written, and where the archive lies about it. */
export interface ZipPart {
  readonly name: string;
  readonly data: Uint8Array;
  readonly deflated: boolean;
  /** Sizes and checksum follow the data, as numpy writes them to a stream that cannot seek. */
  readonly descriptor: boolean;
  /** Sizes are in a zip64 extra field, as numpy always writes them. */
  readonly zip64: boolean;
  /** What the local header and the central directory say instead of the truth. */
  readonly local: ZipLies;
  readonly central: ZipLies;
}

/** What the record at the end says instead of the truth. */
export interface ZipEndLies {
  readonly count?: number;
  readonly length?: number;
  readonly offset?: number;
  readonly comment?: number;
  readonly zip64?: boolean;
}

const wide = 0xffffffff;

/** Writes a zip archive, following PKWARE's APPNOTE.TXT. */
export function zipOf(parts: readonly ZipPart[], end: ZipEndLies = {}): Buffer {
  const pieces: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const part of parts) {
    const packed = part.deflated ? deflateRawSync(part.data) : part.data;
    const truth = {
      ...{ name: part.name, method: part.deflated ? 8 : 0, flags: part.descriptor ? 8 : 0, crc: crc32(part.data) },
      ...{ compressedSize: packed.length, size: part.data.length, headerOffset: at },
    };
    const blank = part.descriptor ? { crc: 0, compressedSize: 0, size: 0 } : {};
    const local = headerOf('local', { ...truth, ...blank, ...part.local }, part.zip64 && !part.descriptor);
    const tail = part.descriptor ? descriptorOf(truth) : Buffer.alloc(0);
    pieces.push(local, packed, tail);
    directory.push(headerOf('central', { ...truth, ...part.central }, part.zip64));
    at += local.length + packed.length + tail.length;
  }
  return Buffer.concat([...pieces, ...directory, ...endOf(parts.length, Buffer.concat(directory).length, at, end)]);
}

function descriptorOf({ crc, compressedSize, size }: Required<ZipLies>): Buffer {
  const tail = Buffer.alloc(16);
  [0x08074b50, crc, compressedSize, size].forEach((value, i) => void tail.writeUInt32LE(value >>> 0, 4 * i));
  return tail;
}

function headerOf(kind: 'local' | 'central', said: Required<ZipLies>, zip64: boolean): Buffer {
  const name = Buffer.from(said.name);
  const sizes = [said.size, said.compressedSize, ...(kind === 'central' ? [said.headerOffset] : [])];
  const isWide = sizes.map((value, i) => (zip64 && i < 2) || value >= wide);
  const long = sizes.filter((_, i) => isWide[i]);
  const extra = Buffer.alloc(long.length > 0 ? 4 + 8 * long.length : 0);
  if (long.length > 0) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(8 * long.length, 2);
    for (const [i, value] of long.entries()) extra.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 4 + 8 * i);
  }
  const [size, compressed, offset] = sizes.map((value, i) => (isWide[i] ? wide : value)) as [number, number, number];
  const header = Buffer.alloc(kind === 'local' ? 30 : 46);
  header.writeUInt32LE(kind === 'local' ? 0x04034b50 : 0x02014b50, 0);
  // A central header also has its writer's version, before the fields that both share.
  const at = kind === 'local' ? 6 : 8;
  [said.flags, said.method].forEach((value, i) => void header.writeUInt16LE(value & 0xffff, at + 2 * i));
  [said.crc, compressed, size].forEach((value, i) => void header.writeUInt32LE(value >>> 0, at + 8 + 4 * i));
  header.writeUInt16LE(name.length, at + 20);
  header.writeUInt16LE(extra.length, at + 22);
  if (kind === 'central') header.writeUInt32LE(offset >>> 0, 42);
  return Buffer.concat([header, name, extra]);
}

function endOf(members: number, bytes: number, at: number, lies: ZipEndLies): Buffer[] {
  const { count = members, length = bytes, offset = at, comment = 0, zip64 = false } = lies;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(zip64 ? 0xffff : count & 0xffff, 10);
  end.writeUInt32LE(zip64 ? wide : length >>> 0, 12);
  end.writeUInt32LE(zip64 ? wide : offset >>> 0, 16);
  end.writeUInt16LE(comment, 20);
  if (!zip64) return [end];
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  [44, 0, 0, count, count, length, offset].forEach((value, i) => {
    if (i === 0) record.writeBigUInt64LE(44n, 4);
    else if (i > 2) record.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), 8 * i);
  });
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(at + bytes), 8);
  return [record, locator, end];
}
