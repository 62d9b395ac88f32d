import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { BATCH, batch, feature, newVector, running, withSourceSet } from './running-sandbox.ts';

// Paths that store something, besides those that get a body of their own below.
const STORING = [
  ...['/api/activation/upload-batch', '/api/explanation/generate', '/api/explanation/score', '/api/list/new'],
  ...['/api/list/new-with-features', '/api/list/add-features'],
];

test('the upload limits of each key are as the contract says', async () => {
  const sandbox = await running({ now: () => new Date('2026-11-22T16:00:00.500Z') });
  const limits = async (key: string) => (await sandbox.get('/api/upload/limits', { key })).json;
  expect(await limits('sandbox-free')).toEqual({
    tier: 'free',
    features: { limit: 1000, used: 0, resetsAt: '2026-11-23T00:00:00Z' },
    privateUploads: false,
    maxFeaturesPerBatch: 128,
    maxBodyBytes: 4500000,
    storesVectors: true,
    idempotencyKeys: true,
    serverId: sandbox.serverId,
  });
  expect(await limits('sandbox-research')).toMatchObject({ tier: 'research', features: { limit: 10000 } });
  expect(await limits('sandbox-bulk')).toMatchObject({ tier: 'bulk', features: { limit: null } });
  expect(await limits('sandbox-paid')).toMatchObject({ tier: 'research', privateUploads: true });
  expect(await limits('sandbox-readonly')).toMatchObject({ privateUploads: false });
});

test('the tier option sets the tier of the default key', async () => {
  const sandbox = await running({ tier: 'free' });
  expect(sandbox.apiKey).toBe('sandbox-bulk');
  expect((await sandbox.get('/api/upload/limits')).json).toMatchObject({ tier: 'free', features: { limit: 1000 } });
});

test('each key belongs to a user of its own', async () => {
  const sandbox = await running();
  const keys = ['sandbox-free', 'sandbox-research', 'sandbox-bulk', 'sandbox-paid', 'sandbox-readonly'];
  const users = await Promise.all(keys.map((key) => sandbox.post('/api/user/refresh', undefined, { key })));
  const ids = ['user_free', 'user_research', 'user_bulk', 'user_paid', 'user_readonly'];
  expect(users.map(({ json }) => json.id)).toEqual(ids);
});

test.each([null, 'bogus', 'toString', ''])('the API key "%s" gets a 401 wherever a key is required', async (key) => {
  const sandbox = await running();
  const asked = [
    sandbox.get('/api/upload/limits', { key }),
    sandbox.post('/api/user/refresh', undefined, { key }),
    sandbox.post('/api/vector/list-owned', undefined, { key }),
    sandbox.post(BATCH, batch([feature(0)]), { key }),
    sandbox.post('/api/vector/new', newVector(), { key }),
    sandbox.post('/api/vector/delete', {}, { key }),
    sandbox.post('/api/source-set/new', {}, { key }),
    sandbox.post('/api/model/new', {}, { key }),
    sandbox.post('/api/list/list', undefined, { key }),
    ...STORING.map((path) => sandbox.post(path, {}, { key })),
  ];
  for (const { status, json } of await Promise.all(asked)) {
    expect([status, json.code]).toEqual([401, 'authentication_failed']);
  }
});

test('a key without upload permission can read but not store', async () => {
  const sandbox = await withSourceSet();
  const key = 'sandbox-readonly';
  const asked = [
    sandbox.post(BATCH, batch([feature(0)]), { key }),
    sandbox.post('/api/vector/new', newVector(), { key }),
    sandbox.post('/api/source-set/new', { name: 'theirs', modelId: 'gpt2-small' }, { key }),
    sandbox.post('/api/model/new', { id: 'theirs', layers: 2 }, { key }),
    ...STORING.map((path) => sandbox.post(path, {}, { key })),
  ];
  for (const { status, json } of await Promise.all(asked)) {
    expect([status, json.code]).toEqual([403, 'upload_not_permitted']);
  }
  expect(sandbox.count('features')).toBe(0);
  expect((await sandbox.post('/api/vector/list-owned', undefined, { key })).json).toEqual({ vectors: [] });
});

test('an unknown path gets a 404 and a wrong method a 405, both as JSON', async () => {
  const sandbox = await running();
  const missing = await sandbox.get('/api/nothing/here');
  expect(missing).toMatchObject({ status: 404, json: { code: 'not_found', error: expect.any(String) } });
  const wrong = await sandbox.get(BATCH);
  expect(wrong).toMatchObject({ status: 405, json: { code: 'method_not_allowed' } });
  expect(wrong.headers.get('allow')).toBe('POST');
  expect((await sandbox.post('/api/feature/gpt2-small/6-mine/0', {})).status).toBe(405);
});

test('every answer carries the id of its data as x-server-id', async () => {
  const sandbox = await running();
  const answers = [
    await sandbox.get('/api/upload/limits'),
    await sandbox.get('/api/upload/limits', { key: null }),
    await sandbox.get('/nowhere'),
    await sandbox.get(BATCH),
    await sandbox.post('/api/model/list'),
    await sandbox.post(BATCH, 'x'.repeat(4_500_001)),
  ];
  for (const { headers } of answers) expect(headers.get('x-server-id')).toBe(sandbox.serverId);
});

test('a body over the limit gets a 413, and one of exactly the limit is accepted afterwards', async () => {
  const sandbox = await withSourceSet();
  const tooLarge = await sandbox.post(BATCH, `{"x":"${'x'.repeat(5_000_000)}"}`);
  expect(tooLarge).toMatchObject({ status: 413, json: { code: 'body_too_large' } });
  const padding = ' '.repeat(4_500_000 - JSON.stringify(batch([feature(0)])).length);
  const fits = await sandbox.post(BATCH, JSON.stringify(batch([feature(0)])) + padding);
  expect(fits.status).toBe(200);
});

test('a body over the limit is refused before all of it has arrived', async () => {
  const sandbox = await running();
  const answered = new Promise<string>((resolve, reject) => {
    const socket = connect(sandbox.port, '127.0.0.1');
    socket.once('data', (head) => {
      resolve(String(head));
      socket.destroy();
    });
    socket.on('error', reject);
    socket.write(`POST ${BATCH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`);
    for (let i = 0; i < 46; i++) socket.write(`186a0\r\n${'x'.repeat(100_000)}\r\n`);
  });
  const head = await answered;
  expect(head).toContain('HTTP/1.1 413');
  expect(head.toLowerCase()).toContain(`x-server-id: ${sandbox.serverId}`);
});

test('input that is not HTTP gets a 400', async () => {
  const sandbox = await running();
  const answered = new Promise<string>((resolve, reject) => {
    const socket = connect(sandbox.port, '127.0.0.1', () => socket.write('nonsense\r\n\r\n'));
    socket.once('data', (head) => resolve(String(head)));
    socket.on('error', reject);
  });
  expect(await answered).toContain('HTTP/1.1 400');
});

test.each([
  ['zero bytes', ''],
  ['half an object', '{"modelId":'],
  ['a bare NaN', '{"vector":[NaN]}'],
  ['a list', '[]'],
  ['null', 'null'],
])('a body of %s gets a 400', async (_what, body) => {
  const sandbox = await running();
  const reading = ['/api/vector/get', '/api/model/get', '/api/activation/new', '/api/steer', '/api/steer-chat'];
  for (const path of [BATCH, '/api/vector/new', '/api/vector/delete', ...reading, ...STORING]) {
    expect(await sandbox.post(path, body)).toMatchObject({ status: 400, json: { code: 'invalid_field' } });
  }
});

test('a body that is not UTF-8 gets a 400', async () => {
  const sandbox = await running();
  const body = Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xff]), Buffer.from('"}')]);
  const response = await fetch(`${sandbox.url}/api/model/get`, { method: 'POST', body });
  expect(response.status).toBe(400);
});

test('closing does not wait for idle connections', async () => {
  const sandbox = await running();
  await sandbox.post('/api/model/list');
  await sandbox.close();
  await expect(sandbox.post('/api/model/list')).rejects.toThrow();
});
