import { expect, test } from 'vitest';
import { running, withSourceSet } from './running-sandbox.ts';

test.each([
  ['gpt2-small', 768, 12],
  ['gemma-2b', 2048, 18],
  ['gemma-2-2b', 2304, 26],
  ['llama3.1-8b', 4096, 32],
])('the model %s is %d wide and has %d layers', async (id, dimension, layers) => {
  const sandbox = await running();
  const { status, json } = await sandbox.post('/api/model/get', { id }, { key: null });
  expect(status).toBe(200);
  expect(json).toMatchObject({ id, dimension, layers, visibility: 'PUBLIC', sourceSets: [] });
});

test('an unknown model gets null with status 200, as on the public server', async () => {
  const sandbox = await running();
  expect(await sandbox.post('/api/model/get', { id: 'nope' })).toMatchObject({ status: 200, json: null });
});

test('a model made by a user has no width, is listed, and can be made only once', async () => {
  const sandbox = await running();
  const body = { id: 'my-tiny', layers: 4, displayName: 'My Tiny', url: 'https://example.com' };
  const made = await sandbox.post('/api/model/new', body);
  const record = { id: 'my-tiny', layers: 4, dimension: null, creatorId: 'user_bulk', website: 'https://example.com' };
  expect(made).toMatchObject({ status: 200, json: record });
  expect(sandbox.ask('SELECT id, layers, owner FROM models')).toEqual([
    { id: 'my-tiny', layers: 4, owner: 'user_bulk' },
  ]);
  const list = await sandbox.post('/api/model/list', undefined, { key: null });
  const ids = list.json.map(({ id }: { id: string }) => id);
  expect(ids).toContain('my-tiny');
  expect(ids).toContain('gpt2-small');
  expect((await sandbox.post('/api/model/new', body)).json.code).toBe('model_exists');
});

test.each([
  ['id', { id: 'Mine', layers: 4 }],
  ['id', { id: 'a', layers: 4 }],
  ['id', { id: 'a--b', layers: 4 }],
  ['id', { id: 'ends-', layers: 4 }],
  ['layers', { id: 'mine', layers: 128 }],
  ['layers', { id: 'mine', layers: 0 }],
  ['url', { id: 'mine', layers: 4, url: 'x' }],
])('a model with a bad %s is refused: %j', async (path, body) => {
  const sandbox = await running();
  expect(await sandbox.post('/api/model/new', body)).toMatchObject({
    status: 400,
    json: { code: 'invalid_field', path },
  });
  expect(sandbox.count('models')).toBe(0);
});

test('a source set has one source per layer, which only its owner sees', async () => {
  const sandbox = await running();
  const body = { name: 'my-set', modelId: 'GPT2-Small', description: 'D', url: 'https://example.com/x' };
  const made = await sandbox.post('/api/source-set/new', body);
  const record = { modelId: 'gpt2-small', name: 'my-set', creatorId: 'user_bulk', description: 'D' };
  expect(made).toMatchObject({ status: 200, json: { ...record, urls: ['https://example.com/x'], sources: [] } });
  const stored = { name: 'my-set', owner: 'user_bulk', description: 'D', url: 'https://example.com/x' };
  expect(sandbox.ask('SELECT name, owner, description, url FROM source_sets')).toEqual([stored]);
  const own = await sandbox.get('/api/source-set/gpt2-small/my-set');
  expect(own.json).toMatchObject(record);
  expect(own.json.sources).toHaveLength(12);
  expect(own.json.sources[11]).toMatchObject({ id: '11-my-set', setName: 'my-set' });
  const others = await sandbox.get('/api/source-set/gpt2-small/my-set', { key: 'sandbox-free' });
  expect(others.json).toMatchObject({ ...record, sources: [] });
  const model = await sandbox.post('/api/model/get', { id: 'gpt2-small' });
  expect(model.json.sourceSets).toMatchObject([{ name: 'my-set' }]);
});

test('a missing source set gets null with status 200, as on the public server', async () => {
  const sandbox = await running();
  expect(await sandbox.get('/api/source-set/gpt2-small/nope')).toMatchObject({ status: 200, json: null });
});

test('a source set can be made only once', async () => {
  const sandbox = await withSourceSet();
  const again = { name: 'mine', modelId: 'gpt2-small' };
  for (const key of ['sandbox-bulk', 'sandbox-free']) {
    const answered = await sandbox.post('/api/source-set/new', again, { key });
    expect(answered).toMatchObject({ status: 400, json: { code: 'source_set_exists' } });
  }
  expect(sandbox.count('source_sets')).toBe(1);
});

test.each(['Mine', 'a--b', '8a', 'neurons', 'a-', 'a.b', '', 'neuronpedia-resid-post', 'a\u0000b'])(
  'the source set name %j is refused',
  async (name) => {
    const sandbox = await running();
    const answered = await sandbox.post('/api/source-set/new', { name, modelId: 'gpt2-small' });
    expect(answered).toMatchObject({ status: 400, json: { code: 'invalid_field', path: 'name' } });
  },
);

test('a source set of an unknown model gets a 404', async () => {
  const sandbox = await running();
  const answered = await sandbox.post('/api/source-set/new', { name: 'mine', modelId: 'nope' });
  expect(answered).toMatchObject({ status: 404, json: { code: 'model_not_found', path: 'modelId' } });
});
