import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { loadDriver } from '../../src/sandbox/store/driver.ts';
import { UPGRADES } from '../../src/sandbox/store/schema.ts';
import { binary, childEnv } from '../cli/run-cli.ts';
import { queryStore } from './query-store.ts';
import { running, temporaryFolder } from './running-sandbox.ts';

const OLD_STORE = readFileSync(new URL('store-2.sql', import.meta.url), 'utf8');

function oldData(): string {
  const dataDir = temporaryFolder();
  const db = new (loadDriver())(join(dataDir, 'sandbox.db'), { timeout: 0 });
  db.exec('PRAGMA page_size = 16384; PRAGMA journal_mode = WAL');
  db.exec(OLD_STORE);
  db.close();
  return dataDir;
}

/** Returns the rows of every table of an old store, read without this version's store code. */
function rowsOf(dataDir: string): Record<string, unknown> {
  const db = new (loadDriver())(join(dataDir, 'sandbox.db'), { timeout: 0 });
  const tables = [...OLD_STORE.matchAll(/CREATE TABLE IF NOT EXISTS (\w+)/g)].map(([, name]) => name!);
  const rows = tables.map((name) => [name, db.prepare(`SELECT * FROM ${name} ORDER BY 1`).all([])]);
  db.close();
  return Object.fromEntries(rows);
}

const SHAPES = `SELECT type, name, tbl_name, replace(sql, 'IF NOT EXISTS ', '') AS sql FROM sqlite_master
  ORDER BY type, name`;

test('a version 2 store is upgraded in place, with every row unchanged', async () => {
  const dataDir = oldData();
  const before = rowsOf(dataDir);
  expect(Object.keys(before)).toHaveLength(14);
  expect(Object.entries(before).filter(([, rows]) => (rows as unknown[]).length === 0)).toEqual([]);
  const sandbox = await running({ dataDir, now: () => new Date('2026-11-21T09:00:00Z') });
  const meta = [
    { key: 'createdAt', value: '2026-11-21T08:00:00.000Z' },
    { key: 'serverId', value: 'the-old-server' },
    { key: 'version', value: '3' },
  ];
  expect(rowsOf(dataDir)).toEqual({ ...before, meta });
  const fresh = await running();
  expect(sandbox.ask(SHAPES)).toEqual(fresh.ask(SHAPES));
});

test('rows of an upgraded version 2 store can be read, scored and deleted', async () => {
  const sandbox = await running({ dataDir: oldData(), now: () => new Date('2026-11-21T09:00:00Z') });
  expect(sandbox.serverId).toBe('the-old-server');
  const read = async () => (await sandbox.get('/api/feature/gpt2-small/6-mine/3')).json;
  expect(await read()).toMatchObject({
    ...{ name: 'old', vector: [1, -2], license: 'MIT', maxActApprox: 2.5, lists: [{ name: 'old list' }] },
    ...{ activations: [{ tokens: [' a', ' b'] }], explanations: [{ description: 'an old explanation', scores: [] }] },
  });
  expect((await sandbox.get('/api/upload/limits')).json.features.used).toBe(2);
  const { vectors } = (await sandbox.post('/api/vector/list-owned')).json;
  expect(vectors).toMatchObject([{ vectorLabel: 'old label', vector: [1] }]);
  const scored = { explanationId: 'explanation-1', scorerModel: 'gpt-4o-mini', scorerType: 'recall_alt' };
  expect((await sandbox.post('/api/explanation/score', scored)).status).toBe(200);
  expect((await read()).explanations[0].scores).toHaveLength(1);
  const place = { modelId: 'gpt2-small', source: '6-mine', index: 3 };
  expect((await sandbox.post('/api/vector/delete', place)).status).toBe(200);
  const tables = ['features', 'activations', 'explanations', 'explanation_scores', 'list_features', 'idempotency'];
  expect(tables.map(sandbox.count)).toEqual([1, 0, 0, 0, 0, 0]);
});

test('a sandbox that starts while another process upgrades the store waits, and does not upgrade it again', async () => {
  const dataDir = oldData();
  const db = new (loadDriver())(join(dataDir, 'sandbox.db'), { timeout: 0 });
  db.exec('BEGIN IMMEDIATE');
  const words = [binary, 'sandbox', '--json', '--port', '0', '--data', dataDir];
  const env = childEnv({ HOME: dataDir, NEURONPEDIA_CONFIG_DIR: dataDir, NEURONPEDIA_STATE_DIR: dataDir });
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = once(createInterface(child.stdout), 'line');
  const failed = Promise.all([text(child.stderr), once(child, 'exit')]).then(([words]) => Promise.reject(words));
  failed.catch(() => undefined);
  await Promise.race([failed, untilMapped(child.pid as number, join(dataDir, 'sandbox.db-shm'))]);
  db.exec(UPGRADES['2'] as string);
  db.exec("UPDATE meta SET value = '3' WHERE key = 'version'; COMMIT");
  db.close();
  const [line] = await Promise.race([failed, said]);
  expect(JSON.parse(line)).toHaveProperty('url');
  await running({ dataDir });
  expect(queryStore(dataDir, "SELECT value FROM meta WHERE key = 'version'")).toEqual([{ value: '3' }]);
});

/** Waits until a process has mapped a file. Where that cannot be seen, resolves at once. */
async function untilMapped(pid: number, path: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const isMapped = () => expect(readFileSync(`/proc/${pid}/maps`, 'utf8')).toContain(path);
  await vi.waitFor(isMapped, { timeout: 60_000, interval: 5 });
}
