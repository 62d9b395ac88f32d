import { statSync } from 'node:fs';
import { AppError } from '../errors.ts';

/** Throws if a file has changed. Error: checkpoint_mismatch. */
export type RequireUnchanged = () => void;

/**
 * Remembers a file's size and modification time: it is read once to check and once to send, and both must see the same. A
 * look at these takes some microseconds. A path where nothing exists is not watched.
 */
export function unchangedSince(path: string): RequireUnchanged {
  const before = look(path);
  return () => {
    if (look(path) === before) return;
    throw new AppError('checkpoint_mismatch', `${path}: changed while it was being uploaded`, {
      hints: [
        'what was already sent is recorded; run again once nothing is writing to the file, and its contents will be checked again',
      ],
      details: { file: path },
    });
  };
}

function look(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.size} ${found.mtimeMs}`;
}
