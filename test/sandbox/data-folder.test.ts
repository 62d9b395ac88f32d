import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startSandbox } from '../../src/sandbox/index.ts';
import { loadDriver } from '../../src/sandbox/store/driver.ts';
import { startSandboxProcess } from '../cli/sandbox-process.ts';
import { queryStore } from './query-store.ts';
import { BATCH, batch, features, newVector, running, send, temporaryFolder, withSourceSet } from './running-sandbox.ts';

/** Runs `neuronpedia sandbox` in a process of its own, which ends with the test if not before. */
async function inProcess(dataDir: string) {
  const { url, close } = await startSandboxProcess({ data: dataDir });
  onTestFinished(async () => void (await close('SIGKILL')));
  const { headers } = await send(url, 'GET', '/api/upload/limits');
  return { url, serverId: headers.get('x-server-id'), kill: () => close('SIGKILL') };
}

const withKey = (key: string) => ({ headers: { 'idempotency-key': key } });

test('the data and its id survive a restart of the server', async () => {
  const first = await withSourceSet();
  const { dataDir, serverId } = first;
  await first.post(BATCH, batch(features(0, 3)), withKey('k1'));
  await first.close();
  const second = await running({ dataDir });
  expect(second.serverId).toBe(serverId);
  expect((await second.get('/api/feature/gpt2-small/6-mine/2')).status).toBe(200);
  expect((await second.get('/api/upload/limits')).json.features.used).toBe(3);
  expect((await second.post(BATCH, batch(features(0, 3)), withKey('k1'))).json.created).toBe(3);
  expect(second.count('features')).toBe(3);
});

test('a fresh start empties the folder and makes a new id, but not while another process uses it', async () => {
  const dataDir = temporaryFolder();
  const first = await inProcess(dataDir);
  expect((await send(first.url, 'POST', '/api/vector/new', newVector())).status).toBe(200);
  await expect(startSandbox({ dataDir, fresh: true })).rejects.toMatchObject({ code: 'sandbox_in_use' });
  await first.kill();
  const second = await running({ dataDir, fresh: true });
  expect(second.serverId).not.toBe(first.serverId);
  expect([second.count('features'), second.count('source_sets'), second.count('usage')]).toEqual([0, 0, 0]);
});

test('the data folder is created with access for its user only', async () => {
  const dataDir = join(temporaryFolder(), 'a', 'b');
  const sandbox = await running({ dataDir });
  expect(statSync(sandbox.dataDir).mode & 0o777).toBe(0o700);
});

test('two sandboxes on one folder see each other’s rows and store each row once', async () => {
  const one = await withSourceSet();
  const two = await running({ dataDir: one.dataDir });
  expect(two.serverId).toBe(one.serverId);
  expect(two.port).not.toBe(one.port);
  const sent = [one, two, one, two].flatMap((sandbox) =>
    [0, 32, 64, 96].map((first) => sandbox.post(BATCH, batch(features(first, 32)), withKey(`k${first}`))),
  );
  for (const { status, json } of await Promise.all(sent)) expect([status, json.created]).toEqual([200, 32]);
  expect(one.count('features')).toBe(128);
  await one.close();
  expect((await two.get('/api/feature/gpt2-small/6-mine/127')).status).toBe(200);
});

test('sandboxes in two processes can write to one folder at once', async () => {
  const here = await withSourceSet();
  const there = await inProcess(here.dataDir);
  expect(there.serverId).toBe(here.serverId);
  const sent = Array.from({ length: 24 }, (_none, k) =>
    // Every batch goes to both sandboxes.
    [here.url, there.url].map((url) => send(url, 'POST', BATCH, batch(features(k * 32, 32)), withKey(`k${k}`))),
  );
  for (const { status, json } of await Promise.all(sent.flat())) expect([status, json.created]).toEqual([200, 32]);
  expect(here.count('features')).toBe(24 * 32);
  expect(here.ask('SELECT count FROM usage')).toEqual([{ count: 24 * 32 }]);
});

test('processes that open a new folder at once agree on its id', async () => {
  const dataDir = temporaryFolder();
  const opened = await Promise.all([1, 2, 3, 4].map(() => inProcess(dataDir)));
  expect(new Set(opened.map(({ serverId }) => serverId)).size).toBe(1);
});

test('after kill -9 during an upload, each batch is stored whole or not at all; resending completes it', async () => {
  const dataDir = temporaryFolder();
  const { url, kill } = await inProcess(dataDir);
  await send(url, 'POST', '/api/source-set/new', { name: 'mine', modelId: 'gpt2-small' });
  const batches = Array.from({ length: 40 }, (_none, k) => batch(features(k * 16, 16)));
  const confirmed: number[] = [];
  const sent = batches.map(async (body, k) => {
    await send(url, 'POST', BATCH, body, withKey(`k${k}`));
    if (confirmed.push(k) === 5) await kill();
  });
  await Promise.allSettled(sent);
  const after = queryStore(dataDir, 'SELECT idx / 16 AS k, count(*) AS n FROM features GROUP BY k ORDER BY k');
  expect(after.every(({ n }) => n === 16)).toBe(true);
  expect(after.map(({ k }) => k)).toEqual(expect.arrayContaining(confirmed));
  expect(queryStore(dataDir, 'PRAGMA integrity_check')).toMatchObject([{ integrity_check: 'ok' }]);

  const again = await running({ dataDir });
  const resent = await Promise.all(batches.map((body, k) => again.post(BATCH, body, withKey(`k${k}`))));
  for (const { status, json } of resent) expect([status, json.created]).toEqual([200, 16]);
  expect(again.count('features')).toBe(640);
  expect(again.ask('SELECT count FROM usage')).toEqual([{ count: 640 }]);
});

test('data of another version is refused rather than misread', async () => {
  const sandbox = await running();
  await sandbox.close();
  const db = new (loadDriver())(join(sandbox.dataDir, 'sandbox.db'), { timeout: 0 });
  db.exec("UPDATE meta SET value = '0' WHERE key = 'version'");
  db.close();
  await expect(startSandbox({ dataDir: sandbox.dataDir })).rejects.toMatchObject({
    code: 'sandbox_version',
    message: expect.stringContaining('version 0'),
  });
});

test('a port that is in use is reported with Node’s error code', async () => {
  const sandbox = await running();
  const second = startSandbox({ dataDir: sandbox.dataDir, port: sandbox.port });
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('without libsql, the error names the missing package', () => {
  const missing = () => {
    throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
  };
  expect(() => loadDriver(missing)).toThrow(expect.objectContaining({ code: 'sandbox_unavailable' }));
  expect(() => loadDriver(missing)).toThrow(/the sandbox needs the package libsql/);
});
