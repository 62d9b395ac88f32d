import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and its missing parents, for the owner alone. Returns the topmost one made, or undefined if it was there.
 * Node's own `recursive` never ends if the system says "no such file" although the parent folder exists, as in /proc.
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
