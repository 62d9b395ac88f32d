import { pipeline, Readable } from 'node:stream';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { AppError } from '../errors.ts';
import { readBytes } from '../tensor/byte-source.ts';
import { zipError } from './zip-error.ts';
import { wrongCrc, type ZipMember } from './zip-member.ts';

/** Bytes to read, and bytes to inflate, at a time. */
const pieceBytes = 1 << 16;

/**
 * Inflates a member once, from start to end, piece by piece. Stops as soon as more comes out than the directory says, and
 * yields the last piece only after checking length and CRC-32. Error: format_invalid.
 */
export async function* inflate(member: ZipMember): AsyncGenerator<Uint8Array> {
  const { size, compressedSize } = member;
  const isSmall = Math.max(size, compressedSize) <= pieceBytes;
  let length = 0;
  let crc = 0;
  let last: Uint8Array | undefined;
  for await (const piece of isSmall ? inflatedAtOnce(member) : inflatedPieces(member)) {
    length += piece.length;
    crc = crc32(piece, crc);
    if (length > size) throw tooLong(member);
    if (last) yield last;
    last = piece;
  }
  if (length < size)
    throw damaged(member, `it inflates to ${length} bytes instead of the ${size} that it claims (size mismatch)`);
  if (crc !== member.crc) throw wrongCrc(member);
  if (last) yield last;
}

/** Inflates a member of one piece. An archive may have thousands, and an inflater for each takes ten times as long. */
async function* inflatedAtOnce(member: ZipMember): AsyncGenerator<Uint8Array> {
  const { archive, start, compressedSize, size } = member;
  const compressed = await readBytes(archive, start, compressedSize);
  let inflated: Uint8Array;
  try {
    inflated = inflateRawSync(compressed, { maxOutputLength: Math.max(size, 1), chunkSize: Math.max(size, 64) });
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? tooLong(member)
      : notDeflated(member, cause);
  }
  yield inflated;
}

async function* inflatedPieces(member: ZipMember): AsyncGenerator<Uint8Array> {
  const inflater = createInflateRaw({ chunkSize: pieceBytes });
  // Read errors reach the consumer of the inflater; the callback only keeps them from being thrown twice.
  pipeline(Readable.from(compressedPieces(member), { objectMode: false }), inflater, () => undefined);
  try {
    yield* inflater as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw cause instanceof AppError ? cause : notDeflated(member, cause);
  } finally {
    inflater.destroy();
  }
}

async function* compressedPieces({ archive, start, compressedSize }: ZipMember): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < compressedSize; at += pieceBytes) {
    yield await readBytes(archive, start + at, Math.min(pieceBytes, compressedSize - at));
  }
}

function damaged({ path, name }: ZipMember, problem: string): AppError {
  return zipError('format_invalid', path, `is damaged: ${problem}`, name);
}

function tooLong(member: ZipMember): AppError {
  return damaged(member, `it inflates to more than the ${member.size} bytes that it claims (size mismatch)`);
}

function notDeflated(member: ZipMember, cause: unknown): AppError {
  return damaged(member, `its data cannot be inflated (${(cause as Error).message})`);
}
