import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder, and those above it, for its owner alone; returns the first that was made, undefined where it was there.
 * Node's own `recursive` never ends where a system says of a folder in an existing one that there is no such file (/proc).
 * Errors: those of the file system.
 */
export function makeFolder(path: string): string | undefined {
  const folder = resolve(path);
  try {
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
    const above = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === folder || existsSync(above)) throw error;
    const first = makeFolder(above);
    return makeFolder(folder) && (first ?? folder);
  }
}
