import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { fixture } from '../fixtures.ts';
import { queryStore } from '../sandbox/query-store.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
let sandbox: Sandbox;
let files: { path: string; size: number }[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'np-packed-'));
  sandbox = await startSandbox({ dataDir: join(folder, 'data') });
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], root);
  const [{ filename, files: all }] = JSON.parse(packed);
  files = all;
  const home = join(folder, 'node_modules/neuronpedia-cli');
  mkdirSync(home, { recursive: true });
  await run('tar', ['-xzf', join(folder, filename), '-C', home, '--strip-components=1'], folder);
});

afterAll(async () => {
  await sandbox?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(command: string, args: string[], cwd: string, env: Record<string, string> = {}): Promise<string> {
  const options = { cwd, env: { PATH: process.env.PATH ?? '', HOME: join(folder, 'home'), ...env }, timeout: 100_000 };
  const { stdout } = await promisify(execFile)(command, args, options);
  return stdout;
}

describe('the packed package', () => {
  it('contains only the expected files, in less than 4 MB', () => {
    const runs =
      /^(bin\/neuronpedia\.js|(bin|dist)\/package\.json|dist\/.+\.(js|d\.ts)|dist\/LICENSES\.txt|dist\/kernel\.wasm|README\.md|LICENSE|package\.json)$/;
    expect(files.map(({ path }) => path).filter((path) => !runs.test(path))).toEqual([]);
    expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(4e6);
  });

  it("runs the README's library script, and a second run reuses the job and adds no row", async () => {
    const [, script] =
      /## As a library[\s\S]*?```js\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
    writeFileSync(join(folder, 'script.mjs'), script ?? '');
    cpSync(fixture('sae-tiny'), join(folder, 'my-sae'), { recursive: true });
    const env = { SERVER: sandbox.url, KEY: sandbox.apiKey };
    const lines = (await run(process.execPath, ['script.mjs'], folder, env)).trimEnd().split('\n');
    expect(lines[0]).toBe('longest row 1.000');
    expect(lines.slice(-2)).toEqual(['512 of 512', 'tiny-kjv-4l/1-my-res-16k: finished']);
    expect(lines.every((line) => /^(longest row|\d+ of 512$|tiny-kjv-4l)/.test(line))).toBe(true);
    const again = await run(process.execPath, ['script.mjs'], folder, env);
    expect(again).toContain('tiny-kjv-4l/1-my-res-16k: finished');
    expect(readdirSync(join(folder, 'uploads/jobs'))).toHaveLength(1);
    const counts = 'SELECT count(*) AS n, count(DISTINCT idx) AS d FROM features';
    expect(queryStore(join(folder, 'data'), counts)).toEqual([{ n: 512, d: 512 }]);
  });
});
