import { rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Errors of Windows while a virus scanner, an indexer or a reader has one of the files open, usually for a moment. */
const busy = new Set(['EPERM', 'EACCES', 'EBUSY']);
/** With waits that double from 10 ms: two and a half seconds in all. */
const tries = 8;

/** Renames a file, replacing any file with the new name. Tries again if the system says that one of them is in use. */
export async function renameFile(from: string, to: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await rename(from, to);
    } catch (error) {
      if (!busy.has((error as NodeJS.ErrnoException).code ?? '') || attempt === tries) throw error;
      await sleep(10 * 2 ** attempt);
    }
  }
}
