import { type ByteSource, readBytes } from '../tensor/byte-source.ts';
import type { ZipEntry } from './zip-directory.ts';
import { zipError } from './zip-error.ts';

/** Where the bytes of a member lie in its archive, and what they must be. */
export interface ZipMember extends ZipEntry {
  readonly path: string;
  readonly archive: ByteSource;
  /** Byte position of the first compressed (or stored) byte. */
  readonly start: number;
}

/** Deflate turns one byte into at most this many: 258 bytes for two bits. */
const mostExpansion = 1032;

/**
 * Finds a member's bytes by its local header, and checks that against the directory.
 * Errors: format_unsupported (encrypted, another compression), format_invalid (wrong sizes, overlaps, …).
 */
export async function findMember(path: string, archive: ByteSource, entry: ZipEntry): Promise<ZipMember> {
  const { name, method, size, compressedSize, limit } = entry;
  if (entry.encrypted) throw zipError('format_unsupported', path, 'is encrypted', name);
  if (method !== 0 && method !== 8) {
    throw zipError(
      'format_unsupported',
      path,
      `is compressed with method ${method}; only stored and deflated members can be read`,
      name,
      ['save the arrays again with np.savez or np.savez_compressed'],
    );
  }
  const start = await readLocalHeader(path, archive, entry);
  if (!(start + compressedSize <= limit)) {
    const problem = `its ${compressedSize} bytes at ${start} overlap what follows at ${limit}`;
    throw zipError('format_invalid', path, problem, name);
  }
  if (method === 0 ? size !== compressedSize : size > compressedSize * mostExpansion) {
    const problem = `cannot be ${size} bytes: it has ${compressedSize} in the archive (size mismatch)`;
    throw zipError('format_invalid', path, problem, name);
  }
  return { ...entry, path, archive, start };
}

/** Returns where the data starts. The extra field of a local header may be of another length than in the directory. */
async function readLocalHeader(path: string, archive: ByteSource, entry: ZipEntry): Promise<number> {
  const { name, method, headerOffset, limit } = entry;
  const damaged = (problem: string) => zipError('format_invalid', path, `has ${problem} at byte ${headerOffset}`, name);
  if (headerOffset + 30 > limit) throw damaged('no room for a local header');
  const header = Buffer.from((await readBytes(archive, headerOffset, 30)).buffer);
  if (header.readUInt32LE(0) !== 0x04034b50) throw damaged('no local header');
  const nameLength = header.readUInt16LE(26);
  const start = headerOffset + 30 + nameLength + header.readUInt16LE(28);
  if (start > limit) throw damaged('a local header that overlaps what follows');
  const flags = header.readUInt16LE(6);
  const localName = Buffer.from(await readBytes(archive, headerOffset + 30, nameLength));
  if (header.readUInt16LE(8) !== method || localName.toString(flags & 0x800 ? 'utf8' : 'latin1') !== name) {
    throw damaged("another member's local header");
  }
  return start;
}

/** The error for bytes that are not those that were written. */
export function wrongCrc({ path, name }: ZipMember) {
  const problem = 'is damaged: its CRC-32 checksum is wrong';
  return zipError('format_invalid', path, problem, name, ['fetch the file again, or save it again where it was made']);
}
