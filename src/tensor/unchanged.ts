import { statSync } from 'node:fs';
import { AppError } from '../errors.ts';

/** Throws where a file is no longer what it was. Error: checkpoint_mismatch. */
export type RequireUnchanged = () => void;

/**
 * Remembers a file as it is now: what is checked and what is sent is read at different times, and must be the same. Size and
 * time of change are asked for, some microseconds each time; a file without them is not watched.
 */
export function unchangedSince(path: string): RequireUnchanged {
  const before = look(path);
  return () => {
    if (look(path) === before) return;
    throw new AppError('checkpoint_mismatch', `${path}: changed while it was being uploaded`, {
      hints: [
        'what was sent until then is noted; run again when nothing writes to it: what it holds is checked once more',
      ],
      details: { file: path },
    });
  };
}

function look(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.size} ${found.mtimeMs}`;
}
