import { closeSync, openSync, readSync } from 'node:fs';
import { type FileHandle, open, readFile, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../errors.ts';
import { writeHint } from '../file-fault.ts';
import { makeFolder } from '../make-folder.ts';
import { syncFolders } from './durable-folder.ts';
import { asidePath } from './journal-aside.ts';
import { decodeJournal, type JobRecord } from './journal-records.ts';
import { emptySum, type JournalState, stateOf, sumJournal } from './journal-state.ts';
import { addRecord, type Sum } from './journal-sum.ts';
import { type JournalWriter, journalError, journalWriter } from './journal-writer.ts';
import { renameFile } from './rename-file.ts';

/** An open journal: append-only, one checksummed line per record. Only the run that holds the job's lock writes to it. */
export interface Journal extends JournalWriter {
  readonly path: string;
  /** What its records add up to, including those that this run has appended. */
  readonly state: JournalState;
  /** What was wrong with the file, for people. */
  readonly warnings: readonly string[];
}

export interface OpenJournalOptions {
  /** The job was taken over from another run. That may still be alive, and what it writes must not get into this journal. */
  readonly takenOver?: boolean;
  /** Throws once another run has taken the job. */
  readonly stillOurs?: () => Promise<void>;
}

/**
 * Opens a job's journal, or makes one if there is none. A torn tail is cut off; a journal damaged elsewhere is set aside
 * and a new one begun, so that the server is asked what it has instead of trusting what is left.
 * Errors: checkpoint_damaged if the journal or its folder cannot be read or written.
 */
export async function openJournal(path: string, options: OpenJournalOptions = {}): Promise<Journal> {
  const { takenOver = false, stillOurs = async () => undefined } = options;
  try {
    makeFolder(dirname(path));
    const { bytes, sum, warnings } = await recover(path);
    if (takenOver && bytes.length > 0) await replaceFile(path, bytes);
    const file = await open(path, 'a', 0o600);
    // A journal that was copied here may be readable by others. Not every file system supports this.
    await file.chmod(0o600).catch(() => undefined);
    // Syncs its name and those of the two folders that this tool makes: an earlier run may have been killed before doing so.
    const jobs = dirname(path);
    const named = syncFolders([jobs, dirname(jobs), dirname(dirname(jobs))]);
    return addingUp(sum, { path, warnings, ...journalWriter(path, file, { stillOurs, named }) });
  } catch (cause) {
    throw journalError(path, cause);
  }
}

/** Adds a state that keeps up with what is appended. */
function addingUp(sum: Sum, journal: Omit<Journal, 'state'>): Journal {
  let known: JournalState | undefined;
  return {
    ...journal,
    get state() {
      known ??= stateOf(sum);
      return known;
    },
    async append(...records) {
      await journal.append(...records);
      for (const record of records) addRecord(sum, record);
      known = undefined;
    },
  };
}

/** Bytes within which a journal's first line ends, unless its command is very long. */
const headBytes = 4096;

/** Reads which job a journal is of from its first line; undefined if that is damaged or there is no journal. */
export async function readJobRecord(path: string): Promise<JobRecord | undefined> {
  const aside = readHead(asidePath(path));
  const head = aside.length > 0 ? aside : readHead(path);
  const end = head.indexOf('\n') + 1;
  if (end === 0 && head.length === headBytes) return (await readJournal(path))?.state.job;
  const [first] = decodeJournal(head.subarray(0, end)).records;
  return first?.t === 'job' ? first : undefined;
}

/** Reads synchronously: for so few bytes that is faster than another thread, and there may be hundreds of journals. */
function readHead(path: string): Buffer {
  const head = Buffer.alloc(headBytes);
  try {
    const file = openSync(path, 'r');
    try {
      return head.subarray(0, readSync(file, head, 0, headBytes, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return Buffer.alloc(0);
  }
}

/** What a journal says, and whether it is damaged: if a line cannot be read, the rest must not be trusted. */
export interface ReadJournal {
  readonly state: JournalState;
  readonly damaged: boolean;
}

/** Reads a journal without touching it; undefined if there is none. Error: checkpoint_damaged if it cannot be read. */
export async function readJournal(path: string): Promise<ReadJournal | undefined> {
  // A journal that a killed restart left aside is still the job's journal.
  const bytes = (await readIfThere(asidePath(path))) ?? (await readIfThere(path));
  if (!bytes) return undefined;
  const { sum, damaged } = sumJournal(bytes);
  return { state: stateOf(sum), damaged };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw new AppError('checkpoint_damaged', `${path}: the checkpoint cannot be read (${cause.code})`, {
      hints: [
        ['EACCES', 'EPERM'].includes(cause.code ?? '')
          ? writeHint(cause, 'choose another folder with NEURONPEDIA_STATE_DIR')
          : 'move it elsewhere, or choose another folder with NEURONPEDIA_STATE_DIR: the rows on the server are found again',
      ],
      details: { file: path },
      cause,
    });
  });
}

/** Forgets a job by removing its journal. The server is not asked anything. */
export async function removeJournal(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw journalError(path, error);
  });
}

/** Reads a journal to go on with: cuts off a torn tail, and sets a damaged file aside. */
async function recover(path: string): Promise<{ bytes: Buffer; sum: Sum; warnings: string[] }> {
  const bytes = (await readIfThere(path)) ?? Buffer.alloc(0);
  const { sum, goodBytes, tornTail, damaged } = sumJournal(bytes);
  if (damaged) {
    await renameFile(path, `${path}.damaged`);
    const warning = `the checkpoint is damaged and was set aside as ${path}.damaged; looking up what the server has instead`;
    return { bytes: Buffer.alloc(0), sum: emptySum(), warnings: [warning] };
  }
  if (!tornTail) return { bytes, sum, warnings: [] };
  await withFile(path, 'r+', async (file) => {
    await file.truncate(goodBytes);
    await file.datasync();
  });
  const lost = bytes.length - goodBytes;
  const warning = `the last record of the checkpoint was cut off, by a crash or a full disk; its ${lost} bytes were dropped`;
  return { bytes: bytes.subarray(0, goodBytes), sum, warnings: [warning] };
}

/** Replaces a file that another process may have open: that process then writes to a file without a name. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.new`;
  await withFile(draft, 'w', async (file) => {
    await file.writeFile(bytes);
    await file.datasync();
  });
  await renameFile(draft, path);
}

async function withFile(path: string, flags: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

/** Returns the path of the lock that keeps other runs out of a job. */
export function lockPath(stateDir: string, jobId: string): string {
  return join(stateDir, 'jobs', `${jobId}.lock`);
}

/** Returns the path of a job's journal. */
export function journalPath(stateDir: string, jobId: string): string {
  return join(stateDir, 'jobs', `${jobId}.journal`);
}
