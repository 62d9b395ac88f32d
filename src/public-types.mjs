// Removes from dist/ every declaration file made by tsc that the library's index.d.ts does not lead to.
import { readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const kept = new Set();
keep(join('dist', 'index.d.ts'));
clear('dist');

function keep(file) {
  if (kept.has(file)) return;
  kept.add(file);
  const targets = readFileSync(file, 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)\.[jt]s['"]/g);
  for (const [, target] of targets) keep(join(dirname(file), `${target}.d.ts`));
}

/** Removes a folder's declaration files that are not kept, and the folder itself if nothing is left in it. */
function clear(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) clear(path);
    else if (path.endsWith('.d.ts') && !kept.has(path)) rmSync(path);
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}
