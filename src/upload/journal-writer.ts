import { appendFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { AppError } from '../errors.ts';
import { writeHint } from '../file-fault.ts';
import { encodeRecord, type JournalRecord } from './journal-records.ts';

/** The writing end of a journal. */
export interface JournalWriter {
  /** Writes records; they are durable once a later call of `sync` has resolved. */
  append(...records: JournalRecord[]): Promise<void>;
  /** Makes everything appended so far durable. Calls made while one is under way share the next. */
  sync(): Promise<void>;
  /** Throws once another run has taken the job. To be called right before each send; `sync` calls it too. */
  stillOurs(): Promise<void>;
  close(): Promise<void>;
}

/** What a journal's writer depends on. */
export interface Writing {
  /** Throws once another run has taken the job. */
  readonly stillOurs: () => Promise<void>;
  /** Resolves once the file's name is durable. `sync` waits for it, appending does not. */
  readonly named: Promise<void>;
}

/**
 * Writes to an open journal, in the order in which records are appended.
 *
 * The first failure is final: a record may be half written, and after a failed fsync the system treats the lost data as
 * written, so that a later fsync would succeed without it. Errors: checkpoint_damaged, and that of `stillOurs`.
 */
export function journalWriter(path: string, file: FileHandle, { stillOurs, named }: Writing): JournalWriter {
  // A rejection is reported by the first sync, if there is one.
  named.catch(() => undefined);
  let failure: AppError | undefined;
  const tried = async (work: () => Promise<unknown>): Promise<void> => {
    if (failure) throw failure;
    await work().catch((cause) => {
      failure ??= journalError(path, cause);
      throw failure;
    });
  };
  return {
    // Synchronous, since the system takes a line within microseconds: going through another thread takes ten times that.
    append: (...records) => tried(async () => appendFileSync(file.fd, records.map(encodeRecord).join(''))),
    sync: shared(() => tried(() => Promise.all([file.datasync(), named]).then(stillOurs))),
    stillOurs: () => tried(stillOurs),
    close: () => named.catch(() => undefined).then(() => file.close()),
  };
}

/** Runs `work` one at a time. Calls made meanwhile share one more run: the current one may have begun too early. */
function shared(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let waiting: Promise<void> | undefined;
  const start = () => {
    running = work().finally(() => {
      running = undefined;
    });
    return running;
  };
  const startWaiting = () => {
    waiting = undefined;
    return start();
  };
  return () => {
    // Checked first: between one run's end and the next one's start nothing is running, but a caller must not start another.
    if (waiting) return waiting;
    if (!running) return start();
    waiting = running.then(startWaiting, startWaiting);
    return waiting;
  };
}

/** The error for a journal that cannot be written. */
export function journalError(path: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  return new AppError(
    'checkpoint_damaged',
    `${path}: the checkpoint cannot be written (${reason}); nothing more was sent`,
    {
      hints: [writeHint(cause, 'choose another folder with NEURONPEDIA_STATE_DIR')],
      details: { file: path },
      cause,
    },
  );
}
