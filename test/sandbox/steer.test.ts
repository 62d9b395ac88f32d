import { expect, test } from 'vitest';
import type { Upstream } from '../../src/sandbox/index.ts';
import { sendRaw } from './raw-http.ts';
import { BATCH, batch, feature, type Json, newVector, vectorOf, withSourceSet } from './running-sandbox.ts';

type Sandbox = Awaited<ReturnType<typeof withSourceSet>>;

const settings = { modelId: 'gpt2-small', temperature: 0.5, n_tokens: 16, seed: 16, strength_multiplier: 1 };
const row = (index: number, more: object = {}) => ({
  ...{ modelId: 'gpt2-small', layer: '6-mine', index, strength: 10, ...more },
});
const steering = (features: object[], more: object = {}) => ({ prompt: 'Hello', ...settings, features, ...more });
const opposite = vectorOf(768, 0).map((value) => -value);

async function withRows(options: { upstream?: Upstream } = {}) {
  const sandbox = await withSourceSet(options);
  const active = { index: 8, activations: [{ tokens: ['a'], values: [1] }] };
  await sandbox.post(BATCH, batch([feature(0), { index: 1, vector: opposite }, active]));
  return sandbox;
}

const ask = async (sandbox: Sandbox, body: object, path = '/api/steer'): Promise<Json> =>
  (await sandbox.post(path, body, { key: null })).json;

test('the text is marked as a stand-in and varies with direction, strength, seed, prompt and method', async () => {
  const sandbox = await withRows();
  const said = await ask(sandbox, steering([row(0)]));
  expect(said.STEERED).toMatch(/^ \[sandbox stand-in, no model: steered [0-9a-f]{12}\]$/);
  expect(said.DEFAULT).toMatch(/^ \[sandbox stand-in, no model: default [0-9a-f]{12}\]$/);
  expect(said.shareUrl).toBe(`${sandbox.url}/steer/${said.id}`);
  const { vector } = (await sandbox.post('/api/vector/new', newVector({ vector: vectorOf(768, 0) }))).json;
  const twin = row(Number(vector.index), { layer: vector.source });
  expect(await ask(sandbox, steering([twin]))).toMatchObject({ STEERED: said.STEERED, DEFAULT: said.DEFAULT });
  const different = [
    steering([row(1)]),
    steering([row(0, { strength: -10 })]),
    steering([row(0), row(1)]),
    steering([row(0)], { seed: 17 }),
    steering([row(0)], { prompt: 'Hello!' }),
    steering([row(0)], { strength_multiplier: 2 }),
    steering([row(0)], { steer_method: 'ORTHOGONAL_DECOMP' }),
  ];
  const answers = await Promise.all(different.map((body) => ask(sandbox, body)));
  expect(new Set([said, ...answers].map(({ STEERED }) => STEERED)).size).toBe(8);
  // The unsteered text does not depend on what the prompt is steered with.
  expect(answers[0].DEFAULT).toBe(said.DEFAULT);
});

test('a kept completion is answered again, but not for another vector at the same index', async () => {
  const sandbox = await withRows();
  const said = await ask(sandbox, steering([row(0)]));
  expect(await ask(sandbox, steering([row(0)]))).toEqual(said);
  expect(sandbox.count('completions')).toBe(2);
  await sandbox.post('/api/vector/delete', { modelId: 'gpt2-small', source: '6-mine', index: 0 });
  await sandbox.post(BATCH, batch([{ index: 0, vector: opposite }]));
  const other = await ask(sandbox, steering([row(0)]));
  expect(other.STEERED).not.toBe(said.STEERED);
  expect(other.DEFAULT).toBe(said.DEFAULT);
});

test('a stream sends cumulative frames, and a kept completion comes as plain JSON', async () => {
  const sandbox = await withRows();
  const body = JSON.stringify(steering([row(0)], { stream: 'true' }));
  const stream = await sendRaw(sandbox.url, { method: 'POST', path: '/api/steer', body });
  expect(stream).toMatchObject({ status: 200, type: 'text/event-stream', whole: true });
  expect(stream.headers['x-server-id']).toBe(sandbox.serverId);
  const frames: Json[] = stream.text
    .trim()
    .split('\n\n')
    .map((frame) => JSON.parse(frame.replace(/^data: /, '')));
  expect(frames.length).toBeGreaterThan(4);
  for (const [i, { STEERED }] of frames.slice(1).entries()) expect(STEERED.startsWith(frames[i].STEERED)).toBe(true);
  expect(frames.slice(0, -1).every(({ id }) => id === null)).toBe(true);
  const kept = await sendRaw(sandbox.url, { method: 'POST', path: '/api/steer', body });
  expect(kept.type).toBe('application/json');
  expect(JSON.parse(kept.text)).toEqual(frames.at(-1));
});

test('a chat answer contains its conversation and settings', async () => {
  const sandbox = await withRows();
  const messages = [{ role: 'user', content: 'hi' }];
  const chat = { defaultChatMessages: messages, steeredChatMessages: messages, steer_special_tokens: true };
  const body = { ...settings, ...chat, features: [row(0)] };
  const json = await ask(sandbox, body, '/api/steer-chat');
  expect(json.STEERED.raw).toBe(
    `<start_of_turn>user\nhi<end_of_turn>\n<start_of_turn>model\n${json.STEERED.chatTemplate[1].content}`,
  );
  expect(json.STEERED.chatTemplate[1].content).toContain('stand-in, no model: steered');
  expect(json.settings).toMatchObject({ seed: 16, freq_penalty: 1, steer_special_tokens: true });
  const long = [{ role: 'user', content: 'x'.repeat(2049) }];
  expect(await ask(sandbox, { ...body, steeredChatMessages: long }, '/api/steer-chat')).toMatchObject({
    ...{ code: 'invalid_field', path: 'steeredChatMessages' },
  });
  expect((await ask(sandbox, { ...body, steer_special_tokens: undefined }, '/api/steer-chat')).path).toBe(
    'steer_special_tokens',
  );
});

test.each([
  [404, 'not_found', 'features[1]', steering([row(0), row(7)])],
  [404, 'model_not_found', 'modelId', steering([row(0)], { modelId: 'nope' })],
  [400, 'invalid_field', 'features[1].modelId', steering([row(0), row(0, { modelId: 'gemma-2-2b' })])],
  [400, 'invalid_field', 'features', steering([row(0), row(8)])],
  [400, 'invalid_field', 'features', steering([])],
  [400, 'invalid_field', 'prompt', steering([row(0)], { prompt: 'x'.repeat(2049) })],
  [400, 'invalid_field', 'n_tokens', steering([row(0)], { n_tokens: 257 })],
  [400, 'invalid_field', 'steer_method', steering([row(0)], { steer_method: 'x' })],
])('steering is refused with %d %s, naming %s', async (status, code, path, body) => {
  const sandbox = await withRows();
  for (const stream of [false, true]) {
    const answered = await sandbox.post('/api/steer', { ...body, stream });
    expect(answered).toMatchObject({ status, json: { code, path } });
  }
  expect(sandbox.count('completions')).toBe(0);
});

test('a feature without a vector is passed to the model by its index alone', async () => {
  const asked: unknown[] = [];
  const upstream: Upstream = function* (request) {
    asked.push(...request.features.map(({ index, vector }) => [index, vector]));
    yield ' ok';
  };
  const sandbox = await withRows({ upstream });
  expect((await ask(sandbox, steering([row(8)]))).STEERED).toBe(' ok');
  expect(asked).toEqual([[8, null]]);
});

test('a failing model cuts a stream short, gives a 502 without one, and nothing is kept', async () => {
  let problem: object | undefined = new Error('gone');
  const upstream: Upstream = function* ({ type }) {
    if (type === 'STEERED' && problem !== undefined) yield ' one';
    if (problem !== undefined) throw problem;
    yield ' two';
  };
  const sandbox = await withRows({ upstream });
  const body = JSON.stringify(steering([row(0)], { stream: true }));
  const stream = () => sendRaw(sandbox.url, { method: 'POST', path: '/api/steer', body });
  const broken = await stream();
  expect(broken).toMatchObject({ status: 200, whole: false });
  expect(broken.text).toContain('" one"');
  expect(await sandbox.post('/api/steer', steering([row(0)]))).toMatchObject({
    ...{ status: 502, json: { code: 'upstream_failed', error: 'the model failed: gone' } },
  });
  problem = Object.assign(new Error('too long'), { status: 400 });
  expect(await sandbox.post('/api/steer', steering([row(0)]))).toMatchObject({
    ...{ status: 400, json: { error: 'too long' } },
  });
  expect(sandbox.count('completions')).toBe(0);
  problem = undefined;
  expect((await stream()).text).toContain('"STEERED":" two"');
});

test('a stream whose model fails before its first token is closed without an answer', async () => {
  const upstream: Upstream = () => {
    throw new Error('busy');
  };
  const sandbox = await withRows({ upstream });
  const body = JSON.stringify(steering([row(0)], { stream: true }));
  expect(await sendRaw(sandbox.url, { method: 'POST', path: '/api/steer', body })).toMatchObject({ status: null });
});
