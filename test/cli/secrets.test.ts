import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { fixture, tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import type { Ran } from './run-cli.ts';
import { serveAlways, serveThrough } from './web-server.ts';

const canary = 'np-canary+7f3a/5d1c=e9';
const env = { NEURONPEDIA_API_KEY: canary };
// Whoever reads a log can read these too.
const forms = [canary, encodeURIComponent(canary), Buffer.from(canary).toString('base64')];

function filesBelow(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name));
}

function expectNoKey(home: Home, runs: Ran[], exceptBelow = '') {
  for (const { stdout, stderr } of runs) {
    for (const form of forms) expect(stdout + stderr).not.toContain(form);
  }
  const files = filesBelow(home.folder).filter((path) => exceptBelow === '' || !path.startsWith(exceptBelow));
  for (const path of files) {
    for (const form of forms) expect(readFileSync(path).includes(form), path).toBe(false);
  }
}

const uploads = (home: Home) => [
  ['upload-sae', tinySae, '--sae-id', 'secret', '--features', '0-9', '--receipt', `${home.folder}/sae.jsonl`],
  [
    ...['upload-vector', fixture('vectors/random-768-f32.npy'), '--model', 'gpt2-small', '--layer', '1'],
    ...['--name', 'secret', '--receipt', `${home.folder}/vector.jsonl`],
  ],
];

describe.concurrent('the key', () => {
  test('is in no output and no file of uploads and status that use it', async ({ home, server }) => {
    const proxy = home.own(await serveThrough(server.url, { [canary]: 'sandbox-bulk' }));
    const runs: Ran[] = [];
    const more = [['status'], ['status', '--json'], ['status', 'tiny-kjv-4l/1-secret/3']];
    const taken = ['delete', 'tiny-kjv-4l/1-secret/3', '--yes'];
    for (const words of [...uploads(home), ...more, taken]) {
      const ran = await home.runAt(proxy.url, [...words, '--verbose'], { env });
      expect(ran.code).toBe(0);
      expect(ran.stderr).toMatch(/\/api\//);
      runs.push(ran);
    }
    expect(proxy.seen.every(({ key }) => key === canary)).toBe(true);
    expect(filesBelow(home.state).length).toBeGreaterThan(1);
    expectNoKey(home, runs);
  });

  test('is in no output of login and logout, and in no file but that of the keys', async ({ home, server }) => {
    const proxy = home.own(await serveThrough(server.url, { [canary]: 'sandbox-bulk' }));
    const url = ['--api-url', proxy.url, '--verbose'];
    const login = await home.run(['login', '--with-token', ...url], { stdin: `${canary}\n` });
    const status = await home.run(['status', ...url, '--json']);
    expect([login.code, status.code]).toEqual([0, 0]);
    expectNoKey(home, [login, status], home.config);
    const logout = await home.run(['logout', ...url], { env });
    expect(logout.code).toBe(0);
    expectNoKey(home, [logout]);
  });

  test('is in no output where the server refuses it', async ({ home, server }) => {
    const commands = [uploads(home)[0] as string[], ['status'], ['login', '--with-token', '--json']];
    const runs = await Promise.all(
      commands.map((words) => home.runAt(server.url, [...words, '--verbose'], { env, stdin: canary })),
    );
    expect(runs.map(({ code }) => code)).toEqual([4, 4, 4]);
    expectNoKey(home, runs);
  });

  test('is in no output where the server says it back', async ({ home }) => {
    const text = JSON.stringify({ error: `no user has the key ${canary}`, code: 'authentication_failed' });
    const other = home.own(await serveAlways(401, 'application/json', text));
    const commands = [
      [...(uploads(home)[0] as string[]), '--json'],
      ['status', '--json'],
      ['login', '--with-token'],
    ];
    const runs = await Promise.all(
      commands.map((words) => home.runAt(other.url, [...words, '--verbose'], { env, stdin: canary })),
    );
    expect(runs.map(({ code }) => code)).toEqual([4, 4, 4]);
    expectNoKey(home, runs);
  });

  test('is in no output where it was typed as an option', async ({ home }) => {
    const ran = await home.run(['status', `--api-key=${canary}`, '--json']);
    expect(ran.code).toBe(2);
    expectNoKey(home, [ran]);
  });

  test('is in no output where it was typed into the address', async ({ home }) => {
    const ran = await home.run(['status', '--api-url', `https://me:${canary.replaceAll('/', '')}@127.0.0.1`]);
    expect(ran.code).toBe(2);
    expect(ran.stdout + ran.stderr).not.toContain('canary');
  });
});
