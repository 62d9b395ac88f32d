import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import type { ByteSource } from '../tensor/byte-source.ts';
import { whereInZip } from './zip-error.ts';
import type { ZipMember } from './zip-member.ts';

/**
 * Writes a member's inflated bytes to a temporary file that only its owner can read, and that closing deletes.
 * Errors: file_unreadable if it cannot be written, and those of the pieces.
 */
export async function spool(member: ZipMember, pieces: AsyncIterable<Uint8Array>): Promise<ByteSource> {
  const folder = tmpdir();
  const file = join(folder, `neuronpedia-${randomUUID()}.tmp`);
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'wx+', 0o600);
    // A file without a name disappears with its process, even a killed one. Where that is impossible, closing deletes it.
    await rm(file).catch(() => undefined);
    await writeAll(handle, pieces);
  } catch (cause) {
    await remove(handle, file);
    throw cause instanceof AppError ? cause : noRoom(member, folder, cause);
  }
  const opened = handle;
  return {
    size: member.size,
    read: (into, position) => readFully(opened, into, position),
    close: () => remove(opened, file),
  };
}

async function writeAll(handle: FileHandle, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of pieces) {
    for (let done = 0; done < piece.length; ) done += (await handle.write(piece, done)).bytesWritten;
  }
}

async function readFully(handle: FileHandle, into: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) throw new AppError('file_unreadable', 'a temporary file of this tool was cut short');
    done += bytesRead;
  }
}

async function remove(handle: FileHandle | undefined, file: string): Promise<void> {
  await handle?.close();
  await rm(file, { force: true });
}

function noRoom({ path, name, size }: ZipMember, folder: string, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
  return new AppError(
    'file_unreadable',
    `${whereInZip(path, name)}: reading its columns needs a temporary copy of ${size} bytes, which could not be written to ${folder} (${code})`,
    {
      hints: ['set TMPDIR to a folder with more room, or save the array uncompressed: np.savez'],
      details: { file: path, member: name },
      cause,
    },
  );
}
