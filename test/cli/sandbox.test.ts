import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect } from 'vitest';
import { loadDriver } from '../../src/sandbox/store/driver.ts';
import { npyFile, tinySae } from './fixtures.ts';
import { test } from './home.ts';
import { documentsOf, type Json } from './run-cli.ts';
import { storedFeatures } from './sandbox-process.ts';

const withoutLibsql = `--import=${pathToFileURL(join(import.meta.dirname, '../preload/no-libsql.mjs')).href}`;

const noDatabase = (file: string) => {
  for (const end of ['-wal', '-shm']) rmSync(file + end, { force: true });
  writeFileSync(file, Buffer.alloc(8192, 'x'));
};

const otherVersion = (file: string) => {
  const db = new (loadDriver())(file, { timeout: 0 });
  db.exec("UPDATE meta SET value = '0' WHERE key = 'version'");
  db.close();
};

const upload = ['upload-sae', tinySae, '--sae-id', 'kept', '--features', '0-9'];

describe.concurrent('sandbox', () => {
  test('prints its address in the first line, and exits cleanly on SIGINT', async ({ home }) => {
    const sandbox = await home.sandbox();
    const { listening, pid } = sandbox;
    expect(listening).toMatchObject({ type: 'listening', apiKey: 'sandbox-bulk', pid });
    expect(listening.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await sandbox.close('SIGINT')).toBe(0);
  });

  test('exits cleanly on SIGTERM too, and frees its port', async ({ home }) => {
    const sandbox = await home.sandbox();
    expect(await sandbox.close('SIGTERM')).toBe(0);
    await expect(fetch(sandbox.url)).rejects.toThrow();
  });

  test('keeps its data and server id for the next run, and discards both with --fresh', async ({ home }) => {
    const first = await home.sandbox();
    expect(await home.runAt(first.url, upload)).toMatchObject({ code: 0 });
    // Asked of the servers: a connection of this process would keep files in use that --fresh removes.
    const limitsOf = async (url: string) => {
      const answer = await fetch(`${url}/api/upload/limits`, { headers: { 'x-api-key': 'sandbox-bulk' } });
      return (await answer.json()) as Json;
    };
    const { serverId } = await limitsOf(first.url);
    await first.close();
    const second = await home.sandbox();
    expect(await limitsOf(second.url)).toMatchObject({ serverId, features: { used: 10 } });
    // Refused while another sandbox uses the folder.
    const early = await home.run(['sandbox', '--data', second.data, '--fresh']);
    expect(early).toMatchObject({
      code: 11,
      stdout: '',
      stderr: expect.stringContaining('a running sandbox is using it'),
    });
    await second.close();
    const fresh = await home.sandbox({ args: ['--fresh'] });
    const empty = await limitsOf(fresh.url);
    expect(empty.features.used).toBe(0);
    expect(empty.serverId).not.toBe(serverId);
    // The old job belongs to another server, so the upload starts anew and sends everything.
    expect(await home.runAt(fresh.url, upload)).toMatchObject({ code: 0 });
    expect((await limitsOf(fresh.url)).features.used).toBe(10);
  });

  test('keeps its data if --fresh cannot start a sandbox: no libsql, or a port that is taken', async ({ home }) => {
    const sandbox = await home.sandbox();
    expect(await home.runAt(sandbox.url, upload)).toMatchObject({ code: 0 });
    await sandbox.close();
    const args = ['sandbox', '--data', sandbox.data, '--fresh'];
    const failed = await home.run(args, { env: { NODE_OPTIONS: withoutLibsql } });
    expect(failed).toMatchObject({ code: 6, stderr: expect.stringContaining('npm install libsql') });
    const other = await home.sandbox({ data: join(home.folder, 'other') });
    const taken = await home.run([...args, '--port', new URL(other.url).port]);
    expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining('not available') });
    expect(storedFeatures(sandbox.data, '1-kept')).toHaveLength(10);
  });

  for (const [what, spoil] of [
    ['is not a database', noDatabase],
    ['has another version', otherVersion],
  ] as const) {
    test(`says how to start over if its data ${what}`, async ({ home }) => {
      const { data, close } = await home.sandbox();
      await close();
      spoil(join(data, 'sandbox.db'));
      const failed = await home.run(['sandbox', '--data', data]);
      expect(failed).toMatchObject({ code: 6, stderr: expect.stringContaining(`sandbox --fresh --data ${data}`) });
      // Once in the error, once in the hint.
      expect(failed.stderr.split(data)).toHaveLength(3);
    });
  }

  test('exits with 2 for a port that another server uses', async ({ home }) => {
    const { url } = await home.sandbox();
    const ran = await home.run(['sandbox', '--port', new URL(url).port, '--json']);
    expect(ran.code).toBe(2);
    expect(documentsOf(ran)).toMatchObject([{ type: 'error', code: 'usage', exitCode: 2 }]);
  });

  test('exits with 2 for a tier that does not exist', async ({ home }) => {
    const env = { NEURONPEDIA_SANDBOX_TIER: 'endless' };
    expect(await home.run(['sandbox', '--tier', 'endless'])).toMatchObject({ code: 2, stdout: '' });
    expect(await home.run(['status', '--sandbox'], { env })).toMatchObject({ code: 2, stdout: '' });
  });
});

describe.concurrent('a daily quota', () => {
  const rows = 1100;
  const bytes = npyFile([rows, 64], (position) => Math.sin(position));
  const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--sae-id', 'many'];

  test('pauses an upload, which resumes once the quota allows it', async ({ home }) => {
    const file = home.file('many.npy', bytes);
    const receipt = `${home.folder}/receipt.jsonl`;
    const command = ['upload-sae', file, ...place, '--json', '--receipt', receipt];
    const free = await home.sandbox({ args: ['--tier', 'free'] });
    const first = await home.runAt(free.url, command);
    expect(first.code).toBe(8);
    const midnight = expect.stringMatching(/^\d{4}-\d\d-\d\dT00:00:00\.000Z$/);
    const paused = { type: 'summary', status: 'paused', resume_at: midnight };
    expect(documentsOf(first).at(-1)).toMatchObject({ ...paused, jobs: [{ confirmed: 1000, rows, sent: 1000 }] });
    expect(storedFeatures(free.data)).toHaveLength(1000);
    const again = await home.runAt(free.url, ['upload-sae', file, ...place]);
    expect(again).toMatchObject({ code: 8, stdout: '' });
    expect(storedFeatures(free.data)).toHaveLength(1000);
    await free.close();

    const bulk = await home.sandbox({ args: ['--tier', 'bulk'] });
    const last = await home.runAt(bulk.url, command);
    expect(last.code).toBe(0);
    expect(documentsOf(last).at(-1)).toMatchObject({ status: 'done', jobs: [{ confirmed: rows, sent: 100 }] });
    const vectors = storedFeatures(bulk.data).map(({ vector }) => vector);
    expect(vectors.join('')).toBe(Buffer.from(bytes.subarray(bytes.length - rows * 64 * 4)).toString('hex'));
  });

  test('of the embedded sandbox is set by NEURONPEDIA_SANDBOX_TIER', async ({ home }) => {
    const file = home.file('many.npy', bytes);
    const env = { NEURONPEDIA_SANDBOX_TIER: 'free' };
    const ran = await home.run(['upload-sae', file, ...place, '--sandbox'], { env });
    expect(ran).toMatchObject({ code: 8, stdout: '' });
    expect(ran.stderr).toContain('paused');
    expect(storedFeatures(home.sandboxData)).toHaveLength(1000);
  });
});

test('sandbox --verbose logs the requests that it receives, without their API key header', async ({ home }) => {
  const sandbox = await home.sandbox({ args: ['--verbose'] });
  expect(await home.runAt(sandbox.url, ['status'])).toMatchObject({ code: 0 });
  await sandbox.close();
  expect(sandbox.stderr()).toMatch(/GET \/api\/upload\/limits \(0 bytes\) -> 200 \(\d+ ms\)/);
  expect(sandbox.stderr()).not.toContain('x-api-key');
});
