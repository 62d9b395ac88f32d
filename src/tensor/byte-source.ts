import { readSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { missingFile } from './missing-file.ts';

/** Bytes that can be read by position: a file, memory, or anything made to look like one. */
export interface ByteSource {
  /** Total number of bytes. */
  readonly size: number;
  /** Fills `into` with the bytes from `position` on; throws if there are too few. */
  read(into: Uint8Array, position: number): Promise<void>;
  /**
   * Reads `count` short runs of `length` bytes that lie `stride` bytes apart from `position` on, and puts them `pitch`
   * bytes apart into `into`. Absent if this is no faster than reading them one by one.
   */
  readRuns?(into: Uint8Array, runs: Runs): Promise<void>;
  close(): Promise<void>;
}

/** Equally long, equally spaced pieces of a file, and how far apart to put them in memory (`pitch`). Bytes. */
export interface Runs {
  readonly position: number;
  readonly stride: number;
  readonly length: number;
  readonly count: number;
  readonly pitch: number;
}

/** Reads runs in the way that is fastest for the source. */
export async function readRuns(source: ByteSource, into: Uint8Array, runs: Runs): Promise<void> {
  if (source.readRuns) return source.readRuns(into, runs);
  for (let i = 0; i < runs.count; i++) {
    await source.read(into.subarray(i * runs.pitch, i * runs.pitch + runs.length), runs.position + i * runs.stride);
  }
}

/** Operating systems, and Node itself, read less than 2 GiB at once. */
const largestRead = 1 << 30;

/**
 * Opens a regular file for positioned reads.
 * Errors: file_not_found, file_unreadable (no permission, a folder, a device, or a file that shrinks or fails during a
 * read).
 */
export async function openFile(path: string): Promise<ByteSource> {
  // Checked before opening: opening a pipe waits for somebody to write into it.
  const found = await stat(path).catch((cause) => {
    throw openError(path, cause);
  });
  if (!found.isFile())
    throw new AppError('file_unreadable', `${path}: is not a regular file`, {
      hints: [found.isDirectory() ? 'it is a folder: name a file in it' : saveFirst],
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

/** A pipe, a socket or a device: formats are read by position, in an order of their own. */
const saveFirst = 'save it to a file first; a vector may also be given as JSON on standard input: upload-vector -';

async function readFully(handle: FileHandle, path: string, into: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const length = Math.min(into.length - done, largestRead);
    const { bytesRead } = await handle.read(into, done, length, position + done).catch((cause) => {
      throw readError(path, position + done, cause);
    });
    if (bytesRead === 0) {
      throw new AppError(
        'file_unreadable',
        `${path}: ends at byte ${position + done}, before all of it could be read`,
        {
          hints: ['the file changed while it was being read; run again once nothing is writing to it'],
          details: { file: path },
        },
      );
    }
    done += bytesRead;
  }
}

/** Runs of up to this many bytes are read synchronously: handing a read to the thread pool takes longer than the read. */
const shortRun = 64 << 10;

/** Reads runs synchronously if they are short. Callers keep `count` small: other work gets a turn after each call. */
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

/** Returns how many bytes one call read, or 0 if it failed: `readFully` then tries again and reports the error. */
function readShort(fd: number, into: Uint8Array, at: number, length: number, position: number): number {
  try {
    return readSync(fd, into, at, length, position);
  } catch {
    return 0;
  }
}

function readError(path: string, position: number, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
  // Handles of Node forget their descriptor when they are closed.
  if (code === 'EBADF')
    return new AppError('file_unreadable', `${path}: was closed before it was read`, {
      hints: ['close() it only once everything has been read from it'],
      details: { file: path },
      cause,
    });
  return new AppError('file_unreadable', `${path}: cannot be read at byte ${position} (${code})`, {
    hints: ['its disk or network drive may be failing: copy the file elsewhere and run again'],
    details: { file: path },
    cause,
  });
}

function openError(path: string, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code;
  const details = { file: path };
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') {
    return missingFile(path, 'no such file', cause);
  }
  return new AppError('file_unreadable', `${path}: cannot be opened (${code ?? 'unknown reason'})`, {
    hints:
      code === 'EACCES' || code === 'EPERM'
        ? ['you do not have permission to read it: check its owner and mode with ls -l']
        : [],
    details,
    cause,
  });
}

/** Makes a byte source of bytes that are in memory already. */
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
