import { expect, test } from 'vitest';
import { BATCH, batch, feature, features, newVector, vectorOf, withSourceSet } from './running-sandbox.ts';

const wanted = (indices: (number | string)[], more: Record<string, unknown> = {}) =>
  indices.map((index) => ({ modelId: 'gpt2-small', layer: '6-mine', index, ...more }));

test('several rows are read in one request, and missing ones are left out', async () => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch(features(0, 3)));
  const { status, json } = await sandbox.post('/api/features', wanted([0, '2', 999]), { key: null });
  expect(status).toBe(200);
  expect(json.map(({ index }: { index: string }) => index)).toEqual(['0', '2']);
  expect(json[1].vector).toEqual(vectorOf(768, 2));
  expect(json[1]).not.toHaveProperty('source');
  expect((await sandbox.post('/api/features', [])).json).toEqual([]);
});

test('only the requested fields are returned', async () => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch(features(0, 128)));
  const indices = Array.from({ length: 1024 }, (_none, i) => i);
  const body = { features: wanted(indices), fields: ['index', 'vectorHash'] };
  const { json } = await sandbox.post('/api/features', body, { key: null });
  expect(json).toHaveLength(128);
  expect(json[7]).toEqual({ index: '7', vectorHash: expect.stringMatching(/^[0-9a-f]{64}$/) });
  const more = await sandbox.post('/api/features', { features: wanted([7]), fields: ['vector', 'license', 'model'] });
  expect(Object.keys(more.json[0])).toEqual(['vector', 'license', 'model']);
});

test('an unknown field, an empty list of fields and more than 1,024 rows are refused', async () => {
  const sandbox = await withSourceSet();
  const ask = (body: unknown) => sandbox.post('/api/features', body);
  expect(await ask({ features: [], fields: ['index', 'nope'] })).toMatchObject({
    status: 400,
    json: { path: 'fields[1]' },
  });
  expect(await ask({ features: [], fields: ['toString'] })).toMatchObject({ status: 400, json: { path: 'fields[0]' } });
  expect(await ask({ features: [], fields: [] })).toMatchObject({ status: 400, json: { path: 'fields' } });
  expect((await ask(wanted(Array(1025).fill(0)))).status).toBe(400);
  expect((await ask({ features: wanted(Array(1025).fill(0)), fields: ['index'] })).status).toBe(400);
  expect((await ask(wanted([-1]))).json.path).toBe('[0].index');
});

test('at most the requested number of activations is returned, in order', async () => {
  const sandbox = await withSourceSet();
  const activations = [3, 1, 2].map((value) => ({ tokens: ['x'], values: [value] }));
  await sandbox.post(BATCH, batch([feature(0, { activations })]));
  const read = async (more: Record<string, unknown>) =>
    (await sandbox.post('/api/features', wanted([0], more))).json[0].activations.map(
      ({ values: [v] }: { values: number[] }) => v,
    );
  expect(await read({})).toEqual([3, 1, 2]);
  expect(await read({ maxActsToReturn: 2 })).toEqual([3, 1]);
  expect(await read({ maxActsToReturn: 0 })).toEqual([]);
});

test.each(['999', 'x', '-1', '1e0', '%00', '0%00'])('reading a feature at index %s is refused', async (index) => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([feature(0)]));
  const { status, json } = await sandbox.get(`/api/feature/gpt2-small/6-mine/${index}`);
  expect(index.includes('%') ? [400, 'invalid_field'] : [404, 'not_found']).toEqual([status, json.code]);
});

test('private rows require a plan that includes them', async () => {
  const sandbox = await withSourceSet();
  const refused = { status: 403, json: { code: 'private_requires_paid_plan', path: 'visibility' } };
  expect(await sandbox.post(BATCH, batch([feature(0)], { visibility: 'private' }))).toMatchObject(refused);
  expect(await sandbox.post('/api/vector/new', newVector({ visibility: 'private' }))).toMatchObject(refused);
  expect(sandbox.count('features')).toBe(0);
});

test('private rows are visible only to their owner', async () => {
  const key = 'sandbox-paid';
  const sandbox = await withSourceSet({}, key);
  await sandbox.post(BATCH, batch([feature(0)], { visibility: 'private' }), { key });
  await sandbox.post(BATCH, batch([feature(1)]), { key });
  const { vector } = (await sandbox.post('/api/vector/new', newVector({ visibility: 'private' }), { key })).json;
  const place = { modelId: 'gpt2-small', source: vector.source, index: vector.index };
  const path = '/api/feature/gpt2-small/6-mine/0';
  expect((await sandbox.get(path, { key })).json.visibility).toBe('private');
  expect((await sandbox.post('/api/features', wanted([0, 1]), { key })).json).toHaveLength(2);
  expect((await sandbox.post('/api/vector/get', place, { key })).json.vector.visibility).toBe('private');
  for (const other of [null, 'sandbox-bulk']) {
    expect((await sandbox.get(path, { key: other })).status).toBe(404);
    expect((await sandbox.post('/api/features', wanted([0, 1]), { key: other })).json).toMatchObject([{ index: '1' }]);
    expect((await sandbox.post('/api/vector/get', place, { key: other })).status).toBe(404);
  }
  expect((await sandbox.post('/api/vector/delete', place)).status).toBe(404);
});
