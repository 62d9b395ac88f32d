import { expect, test } from 'vitest';
import type { Upstream } from '../../src/sandbox/index.ts';
import { activeFeature, publicSandbox, publicWithSourceSet } from './public-sandbox.ts';
import { sendRaw } from './raw-http.ts';
import { BATCH, batch, newVector, vectorOf } from './running-sandbox.ts';

type Sandbox = Awaited<ReturnType<typeof publicSandbox>>;

const settings = { modelId: 'gpt2-small', temperature: 0.5, n_tokens: 16, seed: 16, strength_multiplier: 1 };

function steering(feature: object, more: object = {}) {
  return { prompt: 'Hello', ...settings, features: [feature], ...more };
}

async function storedVector(sandbox: Sandbox, more: Record<string, unknown> = {}) {
  const { vector } = (await sandbox.post('/api/vector/new', newVector(more))).json;
  return { modelId: 'gpt2-small', layer: vector.source, index: Number(vector.index), strength: 10 };
}

test('without a model, a stand-in text varies with direction, strength, seed and prompt', async () => {
  const sandbox = await publicSandbox();
  const feature = await storedVector(sandbox);
  const twin = await storedVector(sandbox);
  const other = await storedVector(sandbox, { vector: vectorOf(768).map((value) => -value) });
  const ask = async (body: object) => (await sandbox.post('/api/steer', body, { key: null })).json;
  const said = await ask(steering(feature));
  expect(said.STEERED).toMatch(/^ \[sandbox stand-in, no model: steered [0-9a-f]{12}\]$/);
  expect(said.DEFAULT).toMatch(/^ \[sandbox stand-in, no model: default [0-9a-f]{12}\]$/);
  // A vector of the same values at another index is the same direction.
  expect(await ask(steering(twin))).toMatchObject({ STEERED: said.STEERED, DEFAULT: said.DEFAULT });
  const different = [
    steering(other),
    steering({ ...feature, strength: -10 }),
    steering(feature, { seed: 17 }),
    steering(feature, { prompt: 'Hello!' }),
    steering(feature, { strength_multiplier: 2 }),
  ];
  const answers = await Promise.all(different.map(ask));
  expect(new Set([said, ...answers].map(({ STEERED }) => STEERED)).size).toBe(6);
  expect(answers[0].DEFAULT).toBe(said.DEFAULT);
});

test('stream frames are cumulative, the last one carries the id, and the answer is then kept', async () => {
  const sandbox = await publicSandbox({ rateLimit: true });
  const body = JSON.stringify(steering(await storedVector(sandbox), { stream: true }));
  const ask = () => sendRaw(sandbox.url, { method: 'POST', path: '/api/steer', body });
  const { type, text } = await ask();
  expect(type).toBe('text/event-stream');
  const frames = text
    .trim()
    .split('\n\n')
    .map((frame) => JSON.parse(frame.replace('data: ', '')));
  for (const [i, { STEERED }] of frames.slice(1).entries()) {
    expect(STEERED.startsWith(frames[i].STEERED)).toBe(true);
  }
  expect(frames.slice(0, -1).every(({ id, limit }) => id === null && limit === '239')).toBe(true);
  const last = frames.at(-1);
  expect(last.shareUrl).toBe(`${sandbox.url}/steer/${last.id}`);
  const kept = await ask();
  expect(kept.type).toBe('application/json');
  expect(JSON.parse(kept.text)).toEqual({ ...last, limit: '238' });
});

test('a chat answer contains the conversation, and a feature without a vector is accepted', async () => {
  const sandbox = await publicWithSourceSet();
  await sandbox.post(BATCH, batch([activeFeature(3)]));
  const messages = [{ role: 'user', content: 'hi' }];
  const feature = { modelId: 'gpt2-small', layer: '6-mine', index: 3, strength: 1 };
  const chat = { defaultChatMessages: messages, steeredChatMessages: messages, steer_special_tokens: false };
  const { json } = await sandbox.post('/api/steer-chat', { ...settings, ...chat, features: [feature] });
  expect(json.STEERED.chatTemplate).toEqual([messages[0], { role: 'assistant', content: expect.any(String) }]);
  expect(json.settings).toMatchObject({ seed: 16, freq_penalty: 1, steer_special_tokens: false });
});

test('an answer that breaks off is not kept, so asking again reaches the model again', async () => {
  let fail = true;
  const upstream: Upstream = async function* ({ type }) {
    yield ' one';
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (fail && type === 'DEFAULT') throw new Error('gone');
    yield ' two';
  };
  const sandbox = await publicSandbox({ upstream });
  const feature = await storedVector(sandbox);
  const body = JSON.stringify(steering(feature, { stream: true }));
  const ask = () => sendRaw(sandbox.url, { method: 'POST', path: '/api/steer', body });
  const broken = await ask();
  expect(broken).toMatchObject({ status: 200, whole: false });
  expect(broken.text).toContain('" one"');
  expect((await sandbox.post('/api/steer', steering(feature))).json).toEqual({ message: 'Unknown Error' });
  expect(sandbox.count('completions')).toBe(0);
  fail = false;
  expect((await ask()).text).toContain('"STEERED":" one two","DEFAULT":" one two"');
  expect(sandbox.count('completions')).toBe(2);
});
