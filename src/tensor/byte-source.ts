import { readSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { missingFile } from './missing-file.ts';

/** Bytes that can be read by position: a file, or later anything that can be made to look like one. */
export interface ByteSource {
  /** Bytes in all. */
  readonly size: number;
  /** Fills `into` from `position`; throws where the bytes end before it is full. */
  read(into: Uint8Array, position: number): Promise<void>;
  /**
   * Reads `count` short runs of `length` bytes, one every `stride` bytes from `position`, to every `pitch` bytes of `into`.
   * Absent where nothing is gained over reading them one by one.
   */
  readRuns?(into: Uint8Array, runs: Runs): Promise<void>;
  close(): Promise<void>;
}

/** Equally long pieces of a file at equal distances, and how far apart they are put. Bytes. */
export interface Runs {
  readonly position: number;
  readonly stride: number;
  readonly length: number;
  readonly count: number;
  readonly pitch: number;
}

/** Systems, and Node itself, read less than 2 GiB at once. */
const largestRead = 1 << 30;

/**
 * Opens a regular file for positioned reads.
 * Errors: file_not_found, file_unreadable (no permission, a folder, a device, or a file that shrank or failed while being read).
 */
export async function openFile(path: string): Promise<ByteSource> {
  // Asked before opening: to open a pipe is to wait for whoever writes into it.
  const found = await stat(path).catch((cause) => {
    throw openError(path, cause);
  });
  if (!found.isFile())
    throw new AppError('file_unreadable', `${path}: is not a regular file`, {
      hints: found.isDirectory() ? ['it is a folder: name a file in it'] : [],
      details: { file: path },
    });
  const handle = await open(path, 'r').catch((cause) => {
    throw openError(path, cause);
  });
  return {
    size: found.size,
    read: (into, position) => readFully(handle, path, into, position),
    readRuns: (into, runs) => readRunsFully(handle, path, into, runs),
    close: () => handle.close(),
  };
}

async function readFully(handle: FileHandle, path: string, into: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const length = Math.min(into.length - done, largestRead);
    const { bytesRead } = await handle.read(into, done, length, position + done).catch((cause) => {
      throw readError(path, position + done, cause);
    });
    if (bytesRead === 0) {
      throw new AppError('file_unreadable', `${path}: ended at byte ${position + done} while more was being read`, {
        hints: ['the file changed while it was being read; run again when nothing writes to it'],
        details: { file: path },
      });
    }
    done += bytesRead;
  }
}

/** Runs up to this are read on the thread that asks for them: handing one to another takes longer than reading it. Bytes. */
const shortRun = 64 << 10;

/** Reads some runs without leaving the thread, so the caller keeps `count` small and others get their turn in between. */
async function readRunsFully(handle: FileHandle, path: string, into: Uint8Array, runs: Runs): Promise<void> {
  const { position, stride, length, count, pitch } = runs;
  for (let i = 0; i < count; i++) {
    const from = position + i * stride;
    if (length > shortRun || readShort(handle.fd, into, i * pitch, length, from) !== length) {
      await readFully(handle, path, into.subarray(i * pitch, i * pitch + length), from);
    }
  }
  await setImmediate();
}

/** Bytes that were read at once; none where that failed, which the other way of reading then tells. */
function readShort(fd: number, into: Uint8Array, at: number, length: number, position: number): number {
  try {
    return readSync(fd, into, at, length, position);
  } catch {
    return 0;
  }
}

function readError(path: string, position: number, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
  return new AppError('file_unreadable', `${path}: cannot be read at byte ${position} (${code})`, {
    hints: ['the disk or the network that it lies on fails: copy the file elsewhere, and run again'],
    details: { file: path },
    cause,
  });
}

function openError(path: string, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code;
  const details = { file: path };
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return missingFile(path, 'no such file', cause);
  }
  return new AppError('file_unreadable', `${path}: cannot be opened (${code ?? 'unknown reason'})`, {
    hints: code === 'EACCES' || code === 'EPERM' ? ['you may not read it: look at its owner and mode with ls -l'] : [],
    details,
    cause,
  });
}

/** Bytes that are in memory already. */
export function memoryBytes(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    async read(into, position) {
      const end = position + into.length;
      if (end > bytes.length) throw new RangeError(`bytes up to ${end} were asked for, there are ${bytes.length}`);
      into.set(bytes.subarray(position, position + into.length));
    },
    async close() {},
  };
}

/** Reads `length` bytes from `position` into a fresh, 8-byte aligned array. The caller has checked `length`. */
export async function readBytes(
  source: ByteSource,
  position: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  await source.read(bytes, position);
  return bytes;
}
