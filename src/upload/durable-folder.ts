import { open } from 'node:fs/promises';
import { platform } from 'node:os';
import { dirname, resolve } from 'node:path';
import { makeFolder } from '../make-folder.ts';

/** Makes a folder and those above it, for their owner alone. Once this has resolved, their names survive a power cut. */
export async function makeDurableFolder(path: string): Promise<void> {
  const first = makeFolder(path);
  if (first === undefined) return;
  const parents: string[] = [];
  for (let folder = resolve(path); folder.length >= resolve(first).length; folder = dirname(folder)) {
    parents.push(dirname(folder));
  }
  await syncFolders(parents);
}

/** Makes the names in some folders durable. */
export async function syncFolders(paths: readonly string[]): Promise<void> {
  await Promise.all(paths.map(syncFolder));
}

/** Error codes if a file system cannot fsync folders, or if we may pass through a folder above ours but not open it. */
const cannotBeSynced = new Set(['EINVAL', 'ENOTSUP', 'ENOSYS', 'EPERM', 'EACCES', 'EISDIR']);

/** Makes the names in a folder durable: a new or renamed file is durable only once its folder is. */
async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder; its file system journals names by itself.
  if (platform() === 'win32') return;
  await openAndSync(path).catch((error: NodeJS.ErrnoException) => {
    if (!cannotBeSynced.has(error.code ?? '')) throw error;
  });
}

async function openAndSync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
