import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeFolder } from '../src/make-folder.ts';

it('makeFolder also makes missing parents, and returns the topmost folder it made', () => {
  const above = mkdtempSync(join(tmpdir(), 'np-folder-'));
  onTestFinished(() => rmSync(above, { recursive: true }));
  expect(makeFolder(join(above, 'a', 'b', 'c'))).toBe(join(above, 'a'));
  expect(statSync(join(above, 'a', 'b', 'c')).mode & 0o077).toBe(platform() === 'win32' ? 0o066 : 0);
  expect(makeFolder(join(above, 'a', 'b', 'c'))).toBeUndefined();
  writeFileSync(join(above, 'file'), '');
  expect(() => makeFolder(join(above, 'file'))).toThrow('EEXIST');
  expect(() => makeFolder(join(above, 'file', 'below'))).toThrow('ENOTDIR');
});

it.runIf(platform() === 'linux')('makeFolder fails instead of looping forever where no folder can be made', () => {
  expect(() => makeFolder('/proc/none/below')).toThrow('ENOENT');
});
