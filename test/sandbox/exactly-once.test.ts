import { expect, test } from 'vitest';
import { BATCH, batch, feature, features, newVector, withSourceSet } from './running-sandbox.ts';

const withKey = (key: string, apiKey = 'sandbox-bulk') => ({ key: apiKey, headers: { 'idempotency-key': key } });
const rich = (index: number) =>
  feature(index, {
    metadata: { b: 1, a: { d: 2, c: 3 } },
    activations: [{ tokens: ['x', 'y'], values: [1, 2] }],
    explanations: [{ text: 'why' }],
  });

test('sending the same content again stores nothing and costs nothing', async () => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([rich(0), rich(1)]));
  const again = await sandbox.post(BATCH, batch([rich(0), rich(1)]));
  expect(again).toMatchObject({ status: 200, json: { message: '2 features created.', created: 0, unchanged: 2 } });
  expect(['features', 'activations', 'explanations'].map(sandbox.count)).toEqual([2, 2, 2]);
  expect((await sandbox.get('/api/upload/limits')).json.features.used).toBe(2);
});

test('reordered keys and spelled-out defaults count as the same content', async () => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([feature(0, { metadata: { a: 1, b: { c: 1, d: 2 } } })]));
  const reordered = feature(0, { name: null, metadata: { b: { d: 2, c: 1 }, a: 1 } });
  const again = await sandbox.post(
    BATCH,
    batch([reordered], { kind: 'sae', license: 'CC-BY-4.0', visibility: 'public' }),
  );
  expect(again).toMatchObject({ status: 200, json: { unchanged: 1 } });
});

test.each([
  ['a vector', { vector: feature(99).vector }, {}],
  ['a name', { name: 'other' }, {}],
  ['a description', { description: 'other' }, {}],
  ['metadata', { metadata: { x: 1 } }, {}],
  ['a density', { density: 0.5 }, {}],
  ['logits', { topLogits: [{ token: 'x', value: 1 }] }, {}],
  ['an activation', { activations: [{ tokens: ['x'], values: [1] }] }, {}],
  ['an explanation', { explanations: [{ text: 'x' }] }, {}],
  ['a kind', {}, { kind: 'transcoder' }],
  ['a licence', {}, { license: 'MIT' }],
  ['a hook', {}, { hookName: 'blocks.6.hook_resid_post' }],
])('%s that differs is a conflict, and none of the batch is stored', async (_what, own, whole) => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([feature(5)]));
  const before = sandbox.ask('SELECT * FROM features');
  const changed = await sandbox.post(BATCH, batch([feature(4), feature(5, own)], whole));
  // Even if a field of the whole batch differs, the first row that already exists is features[1].
  expect(changed).toMatchObject({ status: 409, json: { code: 'feature_exists', path: 'features[1]' } });
  expect(sandbox.ask('SELECT * FROM features')).toEqual(before);
  expect((await sandbox.get('/api/upload/limits')).json.features.used).toBe(1);
});

test('the same idempotency key and body get the first answer again', async () => {
  const sandbox = await withSourceSet();
  const first = await sandbox.post(BATCH, batch(features(0, 3)), withKey('k1'));
  const again = await sandbox.post(BATCH, batch(features(0, 3)), withKey('k1'));
  expect(first.json).toEqual({ message: '3 features created.', created: 3, unchanged: 0 });
  expect(again).toMatchObject({ status: 200, json: first.json });
  expect(sandbox.count('features')).toBe(3);
  expect(sandbox.count('idempotency')).toBe(1);
});

test('the same idempotency key with another body gets a 422 and stores nothing', async () => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch(features(0, 3)), withKey('k1'));
  for (const other of [batch(features(3, 3)), `${JSON.stringify(batch(features(0, 3)))} `, '{']) {
    const answered = await sandbox.post(BATCH, other, withKey('k1'));
    expect(answered).toMatchObject({ status: 422, json: { code: 'idempotency_key_reused' } });
  }
  expect((await sandbox.post('/api/vector/new', newVector(), withKey('k1'))).status).toBe(422);
  expect(sandbox.count('features')).toBe(3);
});

test('idempotency keys are separate for each user', async () => {
  const sandbox = await withSourceSet();
  const mine = await sandbox.post('/api/vector/new', newVector(), withKey('k1'));
  const theirs = await sandbox.post('/api/vector/new', newVector(), withKey('k1', 'sandbox-free'));
  expect(theirs.json.vector.index).not.toBe(mine.json.vector.index);
  expect(sandbox.count('features')).toBe(2);
});

test('a refused request leaves its idempotency key free', async () => {
  const sandbox = await withSourceSet();
  expect((await sandbox.post(BATCH, batch([feature(0, { vector: [1] })]), withKey('k1'))).status).toBe(400);
  expect((await sandbox.post(BATCH, batch([feature(0)]), withKey('k1'))).status).toBe(200);
});

test('an idempotency key that is empty or too long is refused', async () => {
  const sandbox = await withSourceSet();
  for (const key of ['', 'x'.repeat(256)]) {
    const answered = await sandbox.post(BATCH, batch([feature(0)]), withKey(key));
    expect(answered).toMatchObject({ status: 400, json: { path: 'Idempotency-Key' } });
  }
});

test('a vector sent again with its idempotency key is made only once', async () => {
  const sandbox = await withSourceSet();
  const sent = await Promise.all([1, 2, 3].map(() => sandbox.post('/api/vector/new', newVector(), withKey('v1'))));
  expect(sent[1]!.json).toEqual(sent[0]!.json);
  expect(sent[2]!.json).toEqual(sent[0]!.json);
  expect(sandbox.count('features')).toBe(1);
  await sandbox.post('/api/vector/new', newVector());
  expect(sandbox.count('features')).toBe(2);
});

test('deleting a row drops the idempotency key of its batch, so that the batch can be sent again', async () => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([rich(0), rich(1), rich(2)]), withKey('k1'));
  await sandbox.post(BATCH, batch([rich(2), rich(3)]), withKey('k2'));
  await sandbox.post(BATCH, batch([rich(0), rich(4)]), withKey('k3'));
  const gone = await sandbox.post('/api/vector/delete', { modelId: 'gpt2-small', source: '6-mine', index: '2' });
  expect(gone).toMatchObject({ status: 200, json: { message: 'Success' } });
  expect(sandbox.ask('SELECT key FROM idempotency')).toEqual([{ key: 'k3' }]);
  expect(['features', 'activations', 'explanations'].map(sandbox.count)).toEqual([4, 4, 4]);
  const again = await sandbox.post(BATCH, batch([rich(0), rich(1), rich(2)]), withKey('k1'));
  expect(again.json).toMatchObject({ created: 1, unchanged: 2 });
  expect(sandbox.count('features')).toBe(5);
});

test('deleting a vector drops its idempotency key', async () => {
  const sandbox = await withSourceSet();
  const { vector } = (await sandbox.post('/api/vector/new', newVector(), withKey('v1'))).json;
  const place = { modelId: vector.modelId, source: vector.source, index: vector.index };
  expect((await sandbox.post('/api/vector/delete', place)).status).toBe(200);
  expect([sandbox.count('features'), sandbox.count('idempotency')]).toEqual([0, 0]);
  expect((await sandbox.post('/api/vector/new', newVector(), withKey('v1'))).json.vector.index).not.toBe(vector.index);
});
