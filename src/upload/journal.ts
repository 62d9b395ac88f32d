import { type FileHandle, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { platform } from 'node:os';
import { dirname, join } from 'node:path';
import { AppError } from '../errors.ts';
import { decodeJournal, encodeRecord, type JournalRecord } from './journal-records.ts';
import { foldRecords, type JournalState } from './journal-state.ts';

/** An open journal: append-only, one checksummed line a record. Only the run that holds the job's lock writes it. */
export interface Journal {
  readonly path: string;
  /** What the records that were there at opening add up to. */
  readonly state: JournalState;
  /** What was wrong with the file, for people. */
  readonly warnings: readonly string[];
  /** Writes records; they are durable once `sync` has resolved. */
  append(...records: JournalRecord[]): Promise<void>;
  /** Makes all that was appended durable. Calls made while one is under way share the next. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a job's journal, making it where there is none. A torn tail is cut off; a journal damaged elsewhere is set
 * aside and begun anew, so that the server is looked up instead of believed from what is left.
 * Errors: checkpoint_damaged where the state folder cannot be written.
 */
export async function openJournal(path: string): Promise<Journal> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const { bytes, warnings } = await recover(path);
    const file = await open(path, 'a', 0o600);
    await syncFolder(dirname(path));
    const { records } = decodeJournal(bytes);
    return { path, state: foldRecords(records), warnings, ...writer(path, file) };
  } catch (cause) {
    throw journalError(path, cause);
  }
}

/** What a journal says, without touching it; undefined where there is none. */
export async function readJournal(path: string): Promise<JournalState | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes && foldRecords(decodeJournal(bytes).records);
}

/** Forgets a job: its journal is gone, the server is not asked anything. */
export async function removeJournal(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw journalError(path, error);
  });
}

async function recover(path: string): Promise<{ bytes: Buffer; warnings: string[] }> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const { goodBytes, tornTail, damaged } = decodeJournal(bytes);
  if (damaged) {
    await rename(path, `${path}.damaged`);
    return {
      bytes: Buffer.alloc(0),
      warnings: [
        `the checkpoint is damaged and was set aside as ${path}.damaged; looking up what the server has instead`,
      ],
    };
  }
  if (!tornTail) return { bytes, warnings: [] };
  const file = await open(path, 'r+');
  try {
    await file.truncate(goodBytes);
    await file.datasync();
  } finally {
    await file.close();
  }
  const lost = bytes.length - goodBytes;
  return {
    bytes: bytes.subarray(0, goodBytes),
    warnings: [`the checkpoint ends in ${lost} bytes of a record cut off by a crash; dropped`],
  };
}

function writer(path: string, file: FileHandle): Pick<Journal, 'append' | 'sync' | 'close'> {
  let running: Promise<void> | undefined;
  let waiting: Promise<void> | undefined;
  const syncOnce = () =>
    file.datasync().catch((cause) => {
      throw journalError(path, cause);
    });
  const startSync = () => {
    running = syncOnce().finally(() => {
      running = undefined;
    });
    return running;
  };
  return {
    async append(...records) {
      const text = records.map(encodeRecord).join('');
      await file.appendFile(text).catch((cause) => {
        throw journalError(path, cause);
      });
    },
    sync() {
      if (!running) return startSync();
      // The sync under way may have begun before the latest append: wait it out, then share one more.
      waiting ??= running.then(
        () => {
          waiting = undefined;
          return startSync();
        },
        (error) => {
          waiting = undefined;
          throw error;
        },
      );
      return waiting;
    },
    close: () => file.close(),
  };
}

/** A new file is durable only once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; its file system journals names by itself.
  if (platform() === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function journalError(path: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  return new AppError(
    'checkpoint_damaged',
    `${path}: the checkpoint cannot be written (${reason}); nothing more was sent`,
    {
      hints: ['free space there, or choose another folder with NEURONPEDIA_STATE_DIR'],
      details: { file: path },
      cause,
    },
  );
}

/** Where a job's journal lies. */
export function journalPath(stateDir: string, jobId: string): string {
  return join(stateDir, 'jobs', `${jobId}.journal`);
}
