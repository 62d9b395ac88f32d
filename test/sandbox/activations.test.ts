import { expect, test } from 'vitest';
import { BATCH, batch, feature, newVector, vectorOf, withSourceSet } from './running-sandbox.ts';

const UPLOAD = '/api/activation/upload-batch';
const TRY = '/api/activation/new';

const given = (index: number | string, values: number[] = [1, 7]) => ({
  ...{ modelId: 'gpt2-small', source: '6-mine', index },
  activations: [{ tokens: values.map((_value, i) => ` t${i}`), values }],
});
const text = (index: number | string, customText: unknown = 'The king is  here') => ({
  ...{ feature: { modelId: 'gpt2-small', source: '6-mine', index }, customText },
});

test('activations are added to the user’s own feature or vector, and shown', async () => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([feature(3, { activations: [{ tokens: ['x'], values: [2] }] })]));
  const { vector } = (await sandbox.post('/api/vector/new', newVector())).json;
  expect((await sandbox.post(UPLOAD, given('3'))).json).toEqual({ message: '1 activations created.' });
  const ofVector = { ...given(vector.index), source: vector.source };
  expect((await sandbox.post(UPLOAD, ofVector)).status).toBe(200);
  const { json } = await sandbox.get('/api/feature/gpt2-small/6-mine/3');
  expect(json).toMatchObject({ maxActApprox: 7, activations: [{ tokens: ['x'] }, { tokens: [' t0', ' t1'] }] });
  expect(json.activations[1]).toMatchObject({ values: [1, 7], creatorId: 'user_bulk' });
  const read = await sandbox.get(`/api/feature/gpt2-small/${vector.source}/${vector.index}`);
  expect(read.json).toMatchObject({ maxActApprox: 7, activations: [{ values: [1, 7] }] });
  expect((await sandbox.post(UPLOAD, given(3, [-1]))).status).toBe(200);
  expect((await sandbox.get('/api/feature/gpt2-small/6-mine/3')).json.maxActApprox).toBe(7);
  expect(sandbox.count('activations')).toBe(4);
  expect((await sandbox.get('/api/upload/limits')).json.features.used).toBe(2);
});

test('activations with an idempotency key are added once, and deleting the row drops the key', async () => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([feature(3)]));
  const sent = { headers: { 'idempotency-key': 'a1' } };
  for (const _time of [1, 2]) expect((await sandbox.post(UPLOAD, given(3), sent)).status).toBe(200);
  expect(sandbox.count('activations')).toBe(1);
  expect((await sandbox.post(UPLOAD, given(3, [9]), sent)).status).toBe(422);
  await sandbox.post(UPLOAD, given(3));
  expect(sandbox.count('activations')).toBe(2);
  await sandbox.post('/api/vector/delete', { modelId: 'gpt2-small', source: '6-mine', index: 3 });
  expect([sandbox.count('activations'), sandbox.count('idempotency')]).toEqual([0, 0]);
});

test('activations are refused for another user’s row, for a missing row, and if malformed', async () => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([feature(3)]));
  const theirs = await sandbox.post(UPLOAD, given(3), { key: 'sandbox-free' });
  expect(theirs).toMatchObject({ status: 409, json: { code: 'not_owner' } });
  expect(await sandbox.post(UPLOAD, given(4))).toMatchObject({ status: 404, json: { code: 'not_found' } });
  const [activation] = given(3).activations;
  const uneven = { ...given(3), activations: [activation, { ...activation, values: [1] }] };
  const refused = { status: 400, json: { code: 'invalid_field', path: 'activations[1].values' } };
  expect(await sandbox.post(UPLOAD, uneven)).toMatchObject(refused);
  expect((await sandbox.post(UPLOAD, { ...given(3), activations: [] })).json.path).toBe('activations');
  expect((await sandbox.post(UPLOAD, given(3), { key: 'sandbox-readonly' })).status).toBe(403);
  expect((await sandbox.post(UPLOAD, given(3), { key: null })).status).toBe(401);
  expect(sandbox.count('activations')).toBe(0);
});

test('text is tested without a key: the answer is marked as a stand-in and its tokens add up to the text', async () => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([feature(3)]));
  const { status, json } = await sandbox.post(TRY, text('3'), { key: null });
  expect(status).toBe(200);
  expect(json).toMatchObject({ modelId: 'gpt2-small', layer: '6-mine', index: '3', standIn: true });
  expect(json.tokens).toEqual(['The', ' king', ' is', '  here']);
  expect(json.values).toHaveLength(4);
  expect(json.maxValue).toBe(Math.max(...json.values));
  expect(json.values[json.maxValueTokenIndex]).toBe(json.maxValue);
  expect(sandbox.count('activations')).toBe(0);
  const spaces = ' \n a\tb \n';
  const spaced = (await sandbox.post(TRY, text(3, spaces))).json;
  expect(spaced.tokens.join('')).toBe(spaces);
});

test('another direction gives other values, and the same direction in another row the same values', async () => {
  const sandbox = await withSourceSet();
  const rows = [vectorOf(768), vectorOf(768).map((value) => -value), vectorOf(768)];
  await sandbox.post(BATCH, batch(rows.map((vector, index) => ({ index, vector }))));
  const [one, opposite, twin] = await Promise.all([0, 1, 2].map(async (i) => (await sandbox.post(TRY, text(i))).json));
  expect(opposite.values).not.toEqual(one.values);
  expect(twin.values).toEqual(one.values);
  const place = { modelId: 'gpt2-small', layer: '6-mine', index: 0 };
  for (const name of ['feature', 'neuron']) {
    expect((await sandbox.post(TRY, { [name]: place, customText: 'The king is  here' })).json).toEqual(one);
  }
});

test.each([
  ['customText', text(3, '')],
  ['customText', text(3, ['a'])],
  ['feature', { customText: 'a' }],
  ['feature.source', { feature: { modelId: 'gpt2-small', index: 3 }, customText: 'a' }],
  ['feature.index', text('x')],
])('testing a text is refused, naming %s: %j', async (path, body) => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([feature(3)]));
  expect(await sandbox.post(TRY, body)).toMatchObject({ status: 400, json: { code: 'invalid_field', path } });
  expect(await sandbox.post(TRY, text(4))).toMatchObject({ status: 404, json: { code: 'not_found' } });
});
