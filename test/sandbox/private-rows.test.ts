import { expect, test } from 'vitest';
import { BATCH, batch, feature, newVector, withSourceSet } from './running-sandbox.ts';

const key = 'sandbox-paid';

const examples = {
  activations: [{ tokens: [' king'], values: [9] }],
  explanations: [{ text: 'why' }],
};
const interp = { explanationType: 'np_max-act', explanationModelName: 'gpt-4o-mini' };
const scoring = { explanationId: 'explanation-1', scorerType: 'recall_alt', scorerModel: 'gpt-4o-mini' };
const settings = { temperature: 0.5, n_tokens: 16, seed: 16, strength_multiplier: 1 };

async function withPrivateRows() {
  const sandbox = await withSourceSet({}, key);
  await sandbox.post(BATCH, batch([feature(0, examples)], { visibility: 'private' }), { key });
  const { vector } = (await sandbox.post('/api/vector/new', newVector({ visibility: 'private' }), { key })).json;
  return { sandbox, vector: { modelId: 'gpt2-small', source: vector.source, index: Number(vector.index) } };
}

test('no endpoint finds a private row for anyone but its owner', async () => {
  const { sandbox, vector } = await withPrivateRows();
  const row = { modelId: 'gpt2-small', source: '6-mine', index: 0 };
  const list = (await sandbox.post('/api/list/new', { name: 'theirs' })).json.id;
  for (const { source: layer, ...rest } of [row, vector]) {
    const place = { ...rest, layer };
    const steering = { prompt: 'Hi', modelId: 'gpt2-small', features: [{ ...place, strength: 1 }], ...settings };
    const asked: [string, object][] = [
      ['/api/explanation/generate', { ...place, ...interp }],
      ['/api/activation/new', { feature: place, customText: 'a king' }],
      ['/api/activation/upload-batch', { ...rest, source: layer, activations: examples.activations }],
      ['/api/list/add-features', { listId: list, featuresToAdd: [place] }],
      ['/api/vector/get', { ...rest, source: layer }],
      ['/api/vector/delete', { ...rest, source: layer }],
      ['/api/steer', steering],
      ['/api/steer', { ...steering, stream: true }],
    ];
    // Asked before and after the owner steers, so that giving away a kept completion would be noticed.
    for (const _time of ['before', 'after']) {
      for (const [path, body] of asked) {
        const { status, json } = await sandbox.post(path, body);
        expect([path, status, json.code]).toEqual([path, 404, 'not_found']);
      }
      expect((await sandbox.post('/api/steer', steering, { key })).json.STEERED).toContain('stand-in');
    }
    const made = await sandbox.post('/api/list/new-with-features', { name: 'L', features: [place] });
    expect(made.json.notFound).toEqual([`gpt2-small/${layer}/${rest.index}`]);
    expect((await sandbox.post('/api/features', [place])).json).toEqual([]);
  }
  expect(await sandbox.post('/api/explanation/score', scoring)).toMatchObject({
    ...{ status: 404, json: { code: 'not_found', path: 'explanationId' } },
  });
  const counts = ['explanations', 'explanation_scores', 'activations', 'list_features', 'features'];
  expect(counts.map(sandbox.count)).toEqual([1, 0, 1, 0, 2]);
});

test('the owner of a private row can explain, score, test, list and delete it', async () => {
  const { sandbox } = await withPrivateRows();
  const place = { modelId: 'gpt2-small', layer: '6-mine', index: 0 };
  const own = { key };
  expect((await sandbox.post('/api/explanation/generate', { ...place, ...interp }, own)).status).toBe(200);
  expect((await sandbox.post('/api/explanation/score', scoring, own)).status).toBe(200);
  expect((await sandbox.post('/api/activation/new', { feature: place, customText: 'a' }, own)).status).toBe(200);
  const made = await sandbox.post('/api/list/new-with-features', { name: 'L', features: [place] }, own);
  expect(made.json.notFound).toEqual([]);
  const read = (await sandbox.get('/api/feature/gpt2-small/6-mine/0', own)).json;
  expect(read).toMatchObject({ visibility: 'private', lists: [{ name: 'L' }] });
  expect(read.explanations.map(({ scores }: { scores: unknown[] }) => scores.length)).toEqual([1, 0]);
  const gone = { modelId: 'gpt2-small', source: '6-mine', index: 0 };
  expect((await sandbox.post('/api/vector/delete', gone, own)).status).toBe(200);
  const tables = ['activations', 'explanations', 'explanation_scores', 'list_features'];
  expect(tables.map(sandbox.count)).toEqual([0, 0, 0, 0]);
  expect(sandbox.count('lists')).toBe(1);
});
