import { expect, test } from 'vitest';
import { activeFeature, OPAQUE, publicWithSourceSet } from './public-sandbox.ts';
import { BATCH, batch, type Json, newVector, vectorOf } from './running-sandbox.ts';

const users = [{ key: 'with-keys', id: 'user_ada', name: 'ada', providerKeys: true }];
const ada = { key: 'with-keys' };

const wanted = (more: object = {}) => ({
  ...{ modelId: 'gpt2-small', layer: '6-mine', index: 3 },
  ...{ explanationType: 'np_max-act', explanationModelName: 'gpt-4o-mini', ...more },
});

async function withFeature() {
  const sandbox = await publicWithSourceSet({ users });
  await sandbox.post(BATCH, batch([activeFeature(3)]));
  const read = async (): Promise<Json> => (await sandbox.get('/api/feature/gpt2-small/6-mine/3')).json;
  const generate = (more: object = {}, options = ada) =>
    sandbox.post('/api/explanation/generate', wanted(more), options);
  return { ...sandbox, read, generate };
}

test('a user with provider keys can generate one explanation per type and model', async () => {
  const sandbox = await withFeature();
  const { status, json } = await sandbox.generate();
  expect(status).toBe(200);
  expect(json.explanation).toMatchObject({
    description: '[sandbox stand-in, no model used] most active on " b"',
    ...{ authorId: 'user_ada', typeName: 'np_max-act', explanationModelName: 'gpt-4o-mini' },
  });
  expect((await sandbox.read()).explanations).toMatchObject([json.explanation]);
  const exists = { message: 'An auto-interp with this explanation type and model already exists.' };
  expect(await sandbox.generate()).toMatchObject({ status: 400, json: exists });
  expect((await sandbox.generate({ explanationType: 'eleuther_acts_top20' })).status).toBe(200);
  expect(sandbox.ask('SELECT method_name, author FROM explanations ORDER BY id')).toEqual([
    { method_name: 'np_max-act', author: 'user_ada' },
    { method_name: 'eleuther_acts_top20', author: 'user_ada' },
  ]);
});

test('a row that is missing or has no activations cannot be explained, nor any without provider keys', async () => {
  const sandbox = await withFeature();
  const { vector } = (await sandbox.post('/api/vector/new', newVector())).json;
  const none = { status: 400, json: { message: 'No activations found for this neuron' } };
  expect(await sandbox.generate({ layer: vector.source, index: vector.index })).toMatchObject(none);
  expect(await sandbox.generate({ index: 99 })).toMatchObject(none);
  const keyless = await sandbox.generate({}, { key: 'sandbox-bulk' });
  expect(keyless.json).toEqual({ message: 'No auto-interp key found for user.' });
  expect(sandbox.count('explanations')).toBe(0);
});

test('a user with provider keys can score an explanation, but only once with a type and model', async () => {
  const sandbox = await withFeature();
  const { id: explanationId } = (await sandbox.generate()).json.explanation;
  const score = (more: object = {}, options = ada) => {
    const body = { explanationId, scorerType: 'eleuther_fuzz', scorerModel: 'gpt-4o', ...more };
    return sandbox.post('/api/explanation/score', body, options);
  };
  const { status, json } = await score();
  expect(status).toBe(200);
  expect(json.score).toMatchObject({
    explanationScoreTypeName: 'eleuther_fuzz',
    standIn: true,
    value: expect.any(Number),
  });
  expect((await sandbox.read()).explanations[0].scores).toEqual([json.score]);
  expect(await score()).toMatchObject({ status: 400, json: { message: expect.stringContaining('already exists') } });
  const missing = { message: 'Explanation not found: explanation-9' };
  expect(await score({ explanationId: 'explanation-9' })).toMatchObject({ status: 404, json: missing });
  const keyless = await score({}, { key: 'sandbox-bulk' });
  expect(keyless.json).toEqual({ message: 'This autointerp type requires an OpenRouter key.' });
  expect(sandbox.ask('SELECT value FROM explanation_scores')).toEqual([{ value: json.score.value }]);
});

test('text can be tested on a feature or vector without a key, sent as `neuron` or as `feature`', async () => {
  const sandbox = await withFeature();
  const made = [vectorOf(768), vectorOf(768).map((value) => -value)].map((vector) =>
    sandbox.post('/api/vector/new', newVector({ vector })),
  );
  const places = (await Promise.all(made)).map(({ json: { vector } }) => ({ ...vector, layer: vector.source }));
  const ask = (body: object) => sandbox.post('/api/activation/new', body, { key: null });
  const [one, opposite] = await Promise.all(places.map((neuron) => ask({ neuron, customText: 'The king' })));
  expect(one).toMatchObject({ status: 200, json: { tokens: ['The', ' king'], standIn: true } });
  expect(one!.json.values).not.toEqual(opposite!.json.values);
  const { modelId, source, index } = places[0];
  expect((await ask({ feature: { modelId, source, index }, customText: 'The king' })).json).toEqual(one!.json);
  const feature = { modelId: 'gpt2-small', source: '6-mine', index: '3' };
  expect((await ask({ feature, customText: 'The king' })).status).toBe(200);
  const wrong = [
    { feature: { ...feature, index: '99' }, customText: 'x' },
    { feature: { ...feature, source: undefined }, customText: 'x' },
    { feature, customText: '' },
    { customText: 'x' },
  ];
  for (const body of wrong) {
    expect(await ask(body)).toMatchObject({ status: 500, json: { error: OPAQUE, message: OPAQUE } });
  }
  expect(sandbox.count('activations')).toBe(1);
});
