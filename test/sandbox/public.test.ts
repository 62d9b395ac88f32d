import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { activeFeature, activeFeatures, OPAQUE, publicSandbox, publicWithSourceSet } from './public-sandbox.ts';
import { sendRaw } from './raw-http.ts';
import { BATCH, batch, feature, features, newVector, running, vectorOf } from './running-sandbox.ts';

const counts = (sandbox: Awaited<ReturnType<typeof publicSandbox>>) =>
  ['features', 'activations', 'explanations'].map(sandbox.count);

test('the path of the upload limits returns a web page, and every answer carries x-server-id', async () => {
  const sandbox = await publicSandbox();
  const asked = [
    { method: 'GET', path: '/api/upload/limits' },
    { method: 'POST', path: '/api/nothing' },
    { method: 'GET', path: '/api/a/b/c/d' },
    { method: 'GET', path: '/api/vector/new' },
    { method: 'POST', path: '/api/vector/list-owned' },
    { method: 'POST', path: '/api/model/list' },
  ];
  const answers = await Promise.all(asked.map((each) => sendRaw(sandbox.url, each)));
  const html = 'text/html; charset=utf-8';
  expect(answers.map(({ status, type }) => [status, type])).toEqual([
    [200, html],
    [200, html],
    [404, html],
    [405, ''],
    [401, 'application/json'],
    [200, 'application/json'],
  ]);
  for (const { headers } of answers) expect(headers['x-server-id']).toBe(sandbox.serverId);
  expect((await sandbox.post('/api/user/refresh')).json).toMatchObject({ id: 'user_bulk', name: 'bulk', lists: [] });
});

test('sending a batch again adds its activations and explanations again and changes nothing else', async () => {
  const sandbox = await publicWithSourceSet();
  const first = batch([activeFeature(1, { density: 0.5, explanations: [{ text: 'why' }] }), activeFeature(2)]);
  expect((await sandbox.post(BATCH, first)).json).toEqual({ message: '2 features created.' });
  const changed = batch([activeFeature(1, { density: 0.25, explanations: [{ text: 'why' }] }), activeFeature(2)]);
  const key = { headers: { 'idempotency-key': 'ignored' } };
  for (const _time of [1, 2]) expect((await sandbox.post(BATCH, changed, key)).status).toBe(200);
  expect(counts(sandbox)).toEqual([2, 6, 3]);
  const { json } = await sandbox.get('/api/feature/gpt2-small/6-mine/1', { key: null });
  expect(json).toMatchObject({ frac_nonzero: 0.5, hasVector: false, explanations: [{}, {}, {}] });
  expect(json.activations).toHaveLength(3);
  const place = { modelId: 'gpt2-small', source: '6-mine', index: 1 };
  expect((await sandbox.post('/api/vector/delete', place)).json).toEqual({ message: 'Success' });
  expect(counts(sandbox)).toEqual([1, 3, 0]);
});

test('four identical batches in flight all succeed and store their activations four times', async () => {
  const sandbox = await publicWithSourceSet();
  const body = batch(activeFeatures(0, 32));
  const sent = await Promise.all([1, 2, 3, 4].map(() => sandbox.post(BATCH, body)));
  expect(sent.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(counts(sandbox)).toEqual([32, 128, 0]);
});

test('a batch is stored even if its sender hangs up, and sending it again doubles its activations', async () => {
  const sandbox = await publicWithSourceSet();
  const body = JSON.stringify(batch(activeFeatures(0, 128)));
  const head = `POST ${BATCH} HTTP/1.1\r\nhost: x\r\nx-api-key: sandbox-bulk\r\ncontent-length: ${body.length}\r\n\r\n`;
  await new Promise<void>((resolve) => {
    const socket = connect(sandbox.port, '127.0.0.1');
    socket.on('close', () => resolve());
    // Closes as soon as everything is sent, so nobody reads the answer.
    socket.write(head + body, () => socket.destroySoon());
  });
  await vi.waitFor(() => expect(counts(sandbox)).toEqual([128, 128, 0]));
  expect((await sandbox.post(BATCH, body)).json).toEqual({ message: '128 features created.' });
  expect(counts(sandbox)).toEqual([128, 256, 0]);
});

test.each([
  ['an empty list of features', { features: [] }, 400, 'features field must have at least 1 items'],
  ['a fractional index', { features: [activeFeature(1.5)] }, 400, 'features[0].index must be an integer'],
  ['an index given as text', { features: [activeFeature('7' as never)] }, 200, undefined],
  ['null logits', { features: [activeFeature(1, { topLogits: null })] }, 200, undefined],
  ['a source without a layer', { source: 'mine' }, 500, OPAQUE],
  ['a layer beyond the last', { source: '12-mine' }, 500, OPAQUE],
])('a batch with %s gets the status and error of the public server', async (_what, more, status, error) => {
  const sandbox = await publicWithSourceSet();
  const answered = await sandbox.post(BATCH, batch([activeFeature(0)], more));
  expect([answered.status, answered.json.error]).toEqual([status, error]);
});

test('of several problems, the server names the one in the field declared last', async () => {
  const sandbox = await publicWithSourceSet();
  const { json } = await sandbox.post(BATCH, { features: [{ index: -1, density: 2 }, { index: 'x' }] });
  expect(json.path).toBe('features[0].activations');
  expect((await sandbox.post('/api/vector/delete', { index: '1' })).json.message).toBe('source is a required field');
});

test('a vector keeps doubles to 16 significant digits and float32 values exactly, and turns -0 into 0', async () => {
  const sandbox = await publicSandbox();
  const vector = vectorOf(768);
  const text = JSON.stringify(newVector({ vector })).replace(
    /"vector":\[[^,]*,[^,]*/,
    '"vector":[-0,0.30000000000000004',
  );
  const { values } = (await sandbox.post('/api/vector/new', text)).json.vector;
  expect([Object.is(values[0], 0), values[1]]).toEqual([true, 0.3]);
  expect(values.slice(2).map(Math.fround)).toEqual(vector.slice(2));
  expect(values.every((value: number) => Number(value.toPrecision(16)) === value)).toBe(true);
  const { vectors } = (await sandbox.post('/api/vector/list-owned')).json;
  expect(vectors[0].vector).toEqual(values);
  expect(sandbox.ask('SELECT length(vector) AS bytes, width FROM features')).toEqual([{ bytes: 768 * 8, width: 768 }]);
});

test('activations uploaded later are shown for a vector; for a feature they are stored but not shown', async () => {
  const sandbox = await publicWithSourceSet();
  await sandbox.post(BATCH, batch([activeFeature(5)]));
  const { vector } = (await sandbox.post('/api/vector/new', newVector())).json;
  const give = (source: string, index: string, more: object = {}) => {
    const activations = [{ tokens: ['x'], values: [1], ...more }];
    return sandbox.post('/api/activation/upload-batch', { modelId: 'gpt2-small', source, index, activations });
  };
  expect((await give('6-mine', '5')).json).toEqual({ message: '1 activations created.' });
  expect((await give(vector.source, vector.index)).status).toBe(200);
  for (const wrong of [give('6-mine', '6'), give('6-mine', '5', { values: [1, 2] })]) {
    expect((await wrong).json).toEqual({ error: OPAQUE, message: OPAQUE });
  }
  expect(sandbox.count('activations')).toBe(3);
  const shown = async (path: string) => (await sandbox.get(`/api/feature/gpt2-small/${path}`)).json.activations;
  expect(await shown('6-mine/5')).toMatchObject([{ tokens: ['a', ' b'], dataSource: 'User bulk' }]);
  expect(await shown(`${vector.source}/${vector.index}`)).toMatchObject([{ tokens: ['x'], dataSource: null }]);
});

test('equal vectors get different indices; one with a negative layer can be made but not deleted', async () => {
  const sandbox = await publicSandbox();
  const key = { headers: { 'idempotency-key': 'k' } };
  const made = [];
  for (const _time of [1, 2, 3]) made.push((await sandbox.post('/api/vector/new', newVector(), key)).json.vector.index);
  expect(new Set(made).size).toBe(3);
  const { vector } = (await sandbox.post('/api/vector/new', newVector({ layerNumber: -1 }))).json;
  const place = { modelId: 'gpt2-small', source: vector.source, index: vector.index };
  expect(await sandbox.post('/api/vector/delete', place)).toMatchObject({
    status: 500,
    json: { message: 'Unknown Error' },
  });
  expect(sandbox.count('features')).toBe(4);
});

test('an answer over the platform limit becomes its 413, as does one of 4.7 MB by default', async () => {
  const sandbox = await publicSandbox({ maxAnswerBytes: 30_000 });
  const list = () => sendRaw(sandbox.url, { method: 'POST', path: '/api/vector/list-owned', headers: KEY });
  await sandbox.post('/api/vector/new', newVector());
  expect((await list()).status).toBe(200);
  await sandbox.post('/api/vector/new', newVector());
  const { status, type, text } = await list();
  expect([status, type]).toEqual([413, 'text/plain; charset=utf-8']);
  expect(text).toContain('FUNCTION_PAYLOAD_TOO_LARGE');

  const large = await publicSandbox({ dataDir: sandbox.dataDir });
  const wide = newVector({ modelId: 'llama3.1-8b', vector: Array(4096).fill(0.1234567890123456) });
  for (let i = 0; i < 60; i++) await large.post('/api/vector/new', wide);
  const answered = await sendRaw(large.url, { method: 'POST', path: '/api/vector/list-owned', headers: KEY });
  expect(answered.status).toBe(413);
});

const KEY = { 'x-api-key': 'sandbox-bulk' };

test('a list holds only features that exist, and a feature names the lists that hold it', async () => {
  const sandbox = await publicWithSourceSet();
  await sandbox.post(BATCH, batch(activeFeatures(0, 2)));
  const entry = (index: number) => ({ modelId: 'gpt2-small', layer: '6-mine', index, description: 'x' });
  const made = await sandbox.post('/api/list/new-with-features', { name: 'one', features: [entry(0), entry(99)] });
  expect(made.json.url).toBe(`${sandbox.url}/list/${made.json.id}`);
  expect(sandbox.count('list_features')).toBe(1);
  const theirs = { listId: made.json.id, featuresToAdd: [entry(1)] };
  expect((await sandbox.post('/api/list/add-features', theirs, { key: 'sandbox-free' })).status).toBe(500);
  expect((await sandbox.post('/api/list/add-features', theirs)).json).toMatchObject([{ listId: made.json.id }]);
  expect((await sandbox.get('/api/feature/gpt2-small/6-mine/1')).json.lists).toMatchObject([{ name: 'one' }]);
  expect((await sandbox.post('/api/list/list')).json).toMatchObject([{ name: 'one', user: { name: 'bulk' } }]);
});

test('scoring is refused without a provider key, for an unknown type and without an explanation id', async () => {
  const sandbox = await publicSandbox();
  const score = { explanationId: 'explanation-1', scorerModel: 'gpt-4o-mini', scorerType: 'recall_alt' };
  const ask = async (more: object) =>
    (await sandbox.post('/api/explanation/score', { ...score, ...more })).json.message;
  expect(await ask({})).toBe('No auto-interp key found for user.');
  expect(await ask({ scorerType: 'eleuther_fuzz' })).toBe('This autointerp type requires an OpenRouter key.');
  expect(await ask({ scorerType: 'x' })).toBe('Unsupported explanation score type');
  expect(await ask({ explanationId: undefined })).toBe('explanationId is a required field');
});

test('both kinds of server serve the same data folder, each in its own way', async () => {
  const protocol = await running();
  await protocol.post('/api/source-set/new', { name: 'mine', modelId: 'gpt2-small' });
  await protocol.post(BATCH, batch(features(0, 2)));
  await protocol.post(BATCH, batch([feature(2)], { visibility: 'private' }));
  const { vector } = (await protocol.post('/api/vector/new', newVector())).json;
  const site = await publicSandbox({ dataDir: protocol.dataDir });
  expect(site.serverId).toBe(protocol.serverId);
  const place = { modelId: 'gpt2-small', source: vector.source, index: vector.index };
  expect((await site.post('/api/vector/get', place)).json.vector.vector).toEqual(vectorOf(768));
  expect((await site.post('/api/features', [{ modelId: 'gpt2-small', layer: '6-mine', index: 1 }])).json).toHaveLength(
    1,
  );
  const made = (await site.post('/api/vector/new', newVector())).json.vector;
  const read = await protocol.post('/api/vector/get', { ...place, index: made.index });
  expect(read.json.vector.vectorHash).toBe(vector.vectorHash);
  expect(read.json.vector.vector.map(Math.fround)).toEqual(vectorOf(768));
  expect((await site.post('/api/vector/delete', place)).json).toEqual({ message: 'Success' });
  expect((await protocol.post('/api/vector/list-owned')).json.vectors).toHaveLength(1);
});
