import { access, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolders } from './durable-folder.ts';
import { renameFile } from './rename-file.ts';

/**
 * A job's earlier journal, kept beside the one that a restart begins. What it knows of rows is forgotten only once the new
 * run is past its look-up: until then the new data may be refused, and it must still be possible to delete the old.
 */
export interface Aside {
  readonly isThere: boolean;
  forget(): Promise<void>;
  /** Puts it back, over the journal that was to replace it. */
  putBack(): Promise<void>;
}

const ending = '.before';

/** Returns the path of a journal that was put aside. */
export function asidePath(path: string): string {
  return path + ending;
}

/**
 * Puts a journal aside if `restart` is true. First puts back one left aside by a run that was killed during its look-up:
 * that one is still the job's journal. Errors: those of the file system.
 */
export async function openAside(path: string, restart: boolean): Promise<Aside> {
  const aside = asidePath(path);
  const isThere = (file: string) =>
    access(file).then(
      () => true,
      () => false,
    );
  if (await isThere(aside)) await renameFile(aside, path);
  const isAside = restart && (await isThere(path));
  if (isAside) await renameFile(path, aside);
  return {
    isThere: isAside,
    async forget() {
      if (!isAside) return;
      await unlink(aside);
      // Otherwise a power cut could bring it back, and the next run would put it over the new one.
      await syncFolders([dirname(path)]);
    },
    async putBack() {
      if (isAside) await renameFile(aside, path);
    },
  };
}
