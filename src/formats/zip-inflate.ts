import { pipeline, Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { AppError } from '../errors.ts';
import { readBytes } from '../tensor/byte-source.ts';
import { zipError } from './zip-error.ts';
import { wrongCrc, type ZipMember } from './zip-member.ts';

/** What is read, and what is inflated, at a time. */
const pieceBytes = 1 << 16;

/**
 * Inflates a member once, from its start to its end, piece by piece. It stops where more comes out than the directory
 * says, and gives the last piece only when length and CRC-32 have turned out right. Error: format_invalid.
 */
export async function* inflate(member: ZipMember): AsyncGenerator<Uint8Array> {
  const { path, name, size } = member;
  const damaged = (problem: string) => zipError('format_invalid', path, `is damaged: ${problem}`, name);
  let length = 0;
  let crc = 0;
  let last: Uint8Array | undefined;
  for await (const piece of inflatedPieces(member, damaged)) {
    length += piece.length;
    crc = crc32(piece, crc);
    if (length > size) throw damaged(`it inflates to more than the ${size} bytes that it claims (size mismatch)`);
    if (last) yield last;
    last = piece;
  }
  if (length < size)
    throw damaged(`it inflates to ${length} bytes and not to the ${size} that it claims (size mismatch)`);
  if (crc !== member.crc) throw wrongCrc(member);
  if (last) yield last;
}

async function* inflatedPieces(member: ZipMember, damaged: (problem: string) => AppError): AsyncGenerator<Uint8Array> {
  const inflater = createInflateRaw({ chunkSize: pieceBytes });
  // Errors of reading reach whoever reads the inflater; the callback only keeps them from being thrown twice.
  pipeline(Readable.from(compressedPieces(member), { objectMode: false }), inflater, () => undefined);
  try {
    yield* inflater as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw cause instanceof AppError ? cause : damaged(`its compressed bytes are none (${(cause as Error).message})`);
  } finally {
    inflater.destroy();
  }
}

async function* compressedPieces({ archive, start, compressedSize }: ZipMember): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < compressedSize; at += pieceBytes) {
    yield await readBytes(archive, start + at, Math.min(pieceBytes, compressedSize - at));
  }
}
