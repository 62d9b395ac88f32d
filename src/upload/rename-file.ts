import { rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** What Windows says while a virus scanner, an indexer or a reader has one of the files open, for moments mostly. */
const busy = new Set(['EPERM', 'EACCES', 'EBUSY']);
/** Doubling from a hundredth of a second: two and a half seconds in all. */
const tries = 8;

/** Gives a file another name, in the place of one that has it; tries again where the system says that one is in use. */
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
