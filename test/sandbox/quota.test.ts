import { expect, test } from 'vitest';
import { BATCH, newVector, running, vectorOf } from './running-sandbox.ts';

const key = 'sandbox-free';

/** Starts a sandbox with a source set of the narrowest model: a quota counts features, however wide. */
async function withNarrowSet(now = () => new Date('2026-11-22T12:00:00Z'), owner = key) {
  const sandbox = await running({ now });
  const set = { name: 'mine', modelId: 'tiny-kjv-4l' };
  expect((await sandbox.post('/api/source-set/new', set, { key: owner })).status).toBe(200);
  return sandbox;
}

function batch(first: number, length: number) {
  const features = Array.from({ length }, (_none, i) => ({ index: first + i, vector: vectorOf(64, first + i) }));
  return { modelId: 'tiny-kjv-4l', source: '1-mine', features };
}

async function almostSpent(now?: () => Date) {
  const sandbox = await withNarrowSet(now);
  for (let first = 0; first < 896; first += 128) await sandbox.post(BATCH, batch(first, 128), { key });
  await sandbox.post(BATCH, batch(896, 100), { key });
  return sandbox;
}

test('a batch over the rest of the daily quota is refused whole, with the seconds until midnight', async () => {
  const sandbox = await almostSpent(() => new Date('2026-11-22T23:59:00.250Z'));
  const over = await sandbox.post(BATCH, batch(996, 5), { key });
  const quota = { limit: 1000, used: 996, resetsAt: '2026-11-23T00:00:00Z' };
  expect(over).toMatchObject({ status: 429, json: { code: 'rate_limit_exceeded', features: quota } });
  expect(over.headers.get('retry-after')).toBe('60');
  expect(sandbox.count('features')).toBe(996);
  expect((await sandbox.get('/api/upload/limits', { key })).json.features).toEqual(quota);
});

test('rows already stored cost nothing, so a batch with only four new ones fits', async () => {
  const sandbox = await almostSpent();
  const mixed = await sandbox.post(BATCH, batch(900, 100), { key });
  expect(mixed).toMatchObject({ status: 200, json: { created: 4, unchanged: 96 } });
  expect((await sandbox.post(BATCH, batch(900, 100), { key })).status).toBe(200);
  expect((await sandbox.post('/api/vector/new', newVector(), { key })).status).toBe(429);
  expect(sandbox.ask('SELECT * FROM usage')).toEqual([{ user_id: 'user_free', day: '2026-11-22', count: 1000 }]);
});

test('each vector costs one row of the quota', async () => {
  const sandbox = await withNarrowSet();
  await sandbox.post('/api/vector/new', newVector(), { key });
  await sandbox.post('/api/vector/new', newVector({ kind: 'probe' }), { key });
  expect((await sandbox.get('/api/upload/limits', { key })).json.features.used).toBe(2);
});

test('the quota resets at midnight UTC', async () => {
  let now = new Date('2026-11-22T23:59:59.999Z');
  const sandbox = await almostSpent(() => now);
  expect((await sandbox.post(BATCH, batch(996, 5), { key })).headers.get('retry-after')).toBe('1');
  now = new Date('2026-11-23T00:00:00Z');
  expect((await sandbox.post(BATCH, batch(996, 5), { key })).status).toBe(200);
  const { features: quota } = (await sandbox.get('/api/upload/limits', { key })).json;
  expect(quota).toEqual({ limit: 1000, used: 5, resetsAt: '2026-11-24T00:00:00Z' });
});

test('a request repeated with its idempotency key is answered even when the quota is spent', async () => {
  const sandbox = await almostSpent();
  const sent = { key, headers: { 'idempotency-key': 'last' } };
  const first = await sandbox.post(BATCH, batch(996, 4), sent);
  expect(await sandbox.post(BATCH, batch(996, 4), sent)).toMatchObject({ status: 200, json: first.json });
});

test('deleting a row gives no quota back, and the bulk tier has no limit', async () => {
  const sandbox = await withNarrowSet(undefined, 'sandbox-bulk');
  for (let first = 0; first < 1280; first += 128) await sandbox.post(BATCH, batch(first, 128));
  await sandbox.post('/api/vector/delete', { modelId: 'tiny-kjv-4l', source: '1-mine', index: 0 });
  const { features: quota } = (await sandbox.get('/api/upload/limits')).json;
  expect(quota).toMatchObject({ limit: null, used: 1280 });
});
