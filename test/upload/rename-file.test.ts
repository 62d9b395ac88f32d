import fs from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { posixWord, windowsWord } from '../../src/cli/shell-word.ts';
import { inPath } from '../../src/layouts/path-facts.ts';
import { openJournal } from '../../src/upload/journal.ts';
import { renameFile } from '../../src/upload/rename-file.ts';

/** Makes the next renames fail, as on Windows if another program has the file open; returns a count of the failures. */
function failRenames(code: string, times: number): { failed: number } {
  const { rename } = fs.promises;
  const count = { failed: 0 };
  fs.promises.rename = async (from, to) => {
    if (count.failed === times) return rename(from, to);
    count.failed++;
    throw Object.assign(new Error(`${code}: rename '${from}'`), { code });
  };
  syncBuiltinESMExports();
  onTestFinished(() => {
    fs.promises.rename = rename;
    syncBuiltinESMExports();
  });
  return count;
}

async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'np-rename-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

it('a file that is in use for a moment is renamed once it is free', async () => {
  const folder = await openFolder();
  await writeFile(join(folder, 'new'), 'new');
  await writeFile(join(folder, 'old'), 'old');
  const renames = failRenames('EPERM', 3);
  await renameFile(join(folder, 'new'), join(folder, 'old'));
  expect(renames.failed).toBe(3);
  expect(await readdir(folder)).toEqual(['old']);
  expect(await readFile(join(folder, 'old'), 'utf8')).toBe('new');
});

it('any other failure to rename is reported at once', async () => {
  const renames = failRenames('ENOSPC', 3);
  await expect(renameFile('a', 'b')).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(renames.failed).toBe(1);
});

it('a damaged journal is set aside although a scanner has it open', async () => {
  const path = join(await openFolder(), 'jobs', 'a.journal');
  await (await openJournal(path)).close();
  await writeFile(path, 'no record\nof ours\n');
  const renames = failRenames('EBUSY', 2);
  const journal = await openJournal(path);
  await journal.close();
  expect(renames.failed).toBe(2);
  expect(journal.warnings.join()).toContain('set aside');
  expect((await readdir(join(path, '..'))).sort()).toEqual(['a.journal', 'a.journal.damaged']);
});

it('words of a command are quoted for POSIX and Windows shells', () => {
  expect(['a.npy', 'my sae', "it's", '{layer}'].map(posixWord)).toEqual(['a.npy', "'my sae'", `'it'\\''s'`, '{layer}']);
  expect(['C:\\saes\\a.npy', 'C:\\my saes', '.\\my saes\\', '$(calc).npy', 'a"b', 'a&b'].map(windowsWord)).toEqual([
    'C:\\saes\\a.npy',
    '"C:\\my saes"',
    '".\\my saes\\\\"',
    "'$(calc).npy'",
    // No quoting means the same to both Windows shells, so the user has to type these.
    ...['NAME', 'NAME'],
  ]);
});

it('a folder is found in a path with either kind of slash', () => {
  for (const path of ['D:\\saes\\layer_12\\width_16k', 'saes/layer_12/width_16k'])
    expect(inPath(path, /^layer_(\d+)$/)).toEqual({ segment: 'layer_12', groups: ['12'] });
});
