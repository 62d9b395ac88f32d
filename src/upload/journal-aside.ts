import { access, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolders } from './durable-folder.ts';
import { renameFile } from './rename-file.ts';

/**
 * A job's earlier journal, beside the one that a restart begins: what it knows of rows is forgotten only once the new
 * one is past its look-up. Until then the server may refuse the new data, and the old are still to be taken back.
 */
export interface Aside {
  readonly isThere: boolean;
  forget(): Promise<void>;
  /** Puts it in the place of the journal that was to replace it. */
  putBack(): Promise<void>;
}

const ending = '.before';

/** Where a journal lies that was put aside. */
export function asidePath(path: string): string {
  return path + ending;
}

/**
 * Puts a journal aside, or with `restart` false nothing. One that a run left aside which was killed while it looked is
 * the job's journal. Errors: those of the file system.
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
      // A power cut would bring it back over the new one.
      await syncFolders([dirname(path)]);
    },
    async putBack() {
      if (isAside) await renameFile(aside, path);
    },
  };
}
