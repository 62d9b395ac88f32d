import { expect, test } from 'vitest';
import { activeFeature, OPAQUE, publicSandbox, publicWithSourceSet } from './public-sandbox.ts';
import { BATCH, batch, newVector, running } from './running-sandbox.ts';

const PATHS = [
  ...['/api/vector/new', '/api/vector/get', '/api/vector/delete', '/api/feature/upload-batch', '/api/features'],
  ...['/api/activation/upload-batch', '/api/activation/new', '/api/explanation/generate', '/api/explanation/score'],
  ...['/api/steer', '/api/steer-chat', '/api/model/get', '/api/model/new', '/api/source-set/new', '/api/list/new'],
  ...['/api/list/new-with-features', '/api/list/add-features'],
];

const ODD_NAME = '{"id":"\\u0000"}';

test.each(PATHS)('%s answers every malformed body and stores nothing of it', async (path) => {
  const sandbox = await publicSandbox();
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const entry = { modelId: {}, layer: [], source: null, index: true, description: 1, features: deep };
  const bodies = [null, [], [null], [entry], 1, 'text', true, {}, entry, { features: [entry] }].map((body) =>
    JSON.stringify(body),
  );
  for (const body of [...bodies, deep, '{', '', '\ufeff{}', ODD_NAME]) {
    const { status, json } = await sandbox.post(path, body);
    const refusal = [expect.toSatisfy((code) => [400, 404, 500].includes(code)), expect.any(String)];
    // The look-up of a model finds nothing under a name that is odd but not malformed.
    const expected = path === '/api/model/get' && body === ODD_NAME ? [200, null] : refusal;
    expect([status, json?.error ?? json?.message ?? json], body.slice(0, 60)).toEqual(expected);
  }
  expect(['features', 'lists', 'models', 'source_sets'].map(sandbox.count)).toEqual([0, 0, 0, 0]);
});

test.each(['\u0000', '\ud83d', 'a\u0000b'])('text that no database can hold, %j, is always refused', async (text) => {
  const sandbox = await publicWithSourceSet();
  const answers = [
    await sandbox.post('/api/vector/new', newVector({ vectorLabel: text })),
    await sandbox.post(BATCH, batch([activeFeature(0, { explanations: [{ text }] })])),
    await sandbox.post(BATCH, batch([activeFeature(0, { topLogits: [{ token: text, value: 1 }] })])),
    await sandbox.post(BATCH, batch([activeFeature(0)], { source: `6-mine${text}` })),
    await sandbox.post('/api/list/new', { name: text }),
    await sandbox.post('/api/source-set/new', { name: 'other', modelId: 'gpt2-small', description: text }),
    await sandbox.post('/api/model/new', { id: 'mine', layers: 1, displayName: text }),
  ];
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 500));
  expect(['features', 'lists', 'models', 'source_sets'].map(sandbox.count)).toEqual([0, 0, 0, 1]);
  const path = await sandbox.get(`/api/feature/gpt2-small/6-mine/${encodeURIComponent('0\u0000')}`);
  expect(path).toMatchObject({ status: 500, json: { error: OPAQUE } });
});

test('one process can run both kinds of server at once', async () => {
  const [site, protocol] = await Promise.all([publicSandbox(), running()]);
  const [page, limits] = await Promise.all([
    fetch(`${site.url}/api/upload/limits`),
    protocol.get('/api/upload/limits', { key: 'sandbox-free' }),
  ]);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(limits.json.tier).toBe('free');
});
