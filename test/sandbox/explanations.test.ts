import { expect, test } from 'vitest';
import { BATCH, batch, feature, type Json, newVector, withSourceSet } from './running-sandbox.ts';

const GENERATE = '/api/explanation/generate';
const SCORE = '/api/explanation/score';

const activations = [
  { tokens: ['The', ' king'], values: [0, 9] },
  { tokens: [' lord', ' of'], values: [4, 1] },
  { tokens: ['a', ' king'], values: [0, 5] },
];
const topLogits = [{ token: ' crown', value: 2 }];

const wanted = (more: Record<string, unknown> = {}) => ({
  ...{ modelId: 'gpt2-small', layer: '6-mine', index: 3 },
  ...{ explanationType: 'oai_token-act-pair', explanationModelName: 'gpt-4o-mini', ...more },
});
const scoring = (explanationId: string, more: Record<string, unknown> = {}) => ({
  ...{ explanationId, scorerType: 'recall_alt', scorerModel: 'gpt-4o-mini', ...more },
});

async function withExamples() {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([feature(3, { activations, topLogits }), feature(4)]));
  const read = async (index = 3): Promise<Json> => (await sandbox.get(`/api/feature/gpt2-small/6-mine/${index}`)).json;
  return { ...sandbox, read };
}

test('an explanation says that it is a stand-in, names the most active tokens, and is stored', async () => {
  const sandbox = await withExamples();
  const { status, json } = await sandbox.post(GENERATE, wanted({ index: '3' }), { key: 'sandbox-free' });
  expect([status, json.message]).toEqual([200, 'Explanation generated']);
  expect(json.explanation).toEqual({
    ...{ id: 'explanation-1', modelId: 'gpt2-small', layer: '6-mine', index: '3', authorId: 'user_free' },
    description: '[sandbox stand-in, no model used] most active on " king", " lord"',
    ...{ typeName: 'oai_token-act-pair', explanationModelName: 'gpt-4o-mini', scores: [] },
    createdAt: expect.any(String),
  });
  expect((await sandbox.read()).explanations).toEqual([json.explanation]);
  expect(sandbox.ask('SELECT text, method_name, model_name, author FROM explanations')).toEqual([
    {
      ...{ text: json.explanation.description, method_name: 'oai_token-act-pair', model_name: 'gpt-4o-mini' },
      author: 'user_free',
    },
  ]);
  expect((await sandbox.get('/api/upload/limits', { key: 'sandbox-free' })).json.features.used).toBe(0);
});

test('each type and model explains a row once, and the method with logits names promoted tokens', async () => {
  const sandbox = await withExamples();
  const tasks = [
    {},
    { explanationType: 'np_max-act' },
    { explanationType: 'np_max-act-logits' },
    { explanationType: 'eleuther_acts_top20' },
    { explanationModelName: 'gpt-4o' },
  ];
  for (const task of tasks) expect((await sandbox.post(GENERATE, wanted(task))).status).toBe(200);
  for (const task of tasks) {
    const again = await sandbox.post(GENERATE, wanted(task), { key: 'sandbox-free' });
    expect(again).toMatchObject({ status: 400, json: { code: 'explanation_exists', error: expect.any(String) } });
  }
  const texts = (await sandbox.read()).explanations.map(({ description }: Json) => description);
  expect(texts).toHaveLength(5);
  expect(texts[2]).toMatch(/most active on " king", " lord"; promotes " crown"$/);
  expect(texts.filter((text: string) => text.includes('promotes'))).toHaveLength(1);
});

test('an explanation is refused without activations, for a missing row, and for an unknown type or model', async () => {
  const sandbox = await withExamples();
  const refusals: [Record<string, unknown>, number, Json][] = [
    [{ index: 4 }, 400, { code: 'no_activations' }],
    [{ index: 5 }, 404, { code: 'not_found' }],
    [{ explanationType: 'nope' }, 400, { code: 'invalid_field', path: 'explanationType' }],
    [{ explanationModelName: 'nope' }, 400, { code: 'invalid_field', path: 'explanationModelName' }],
    [{ layer: undefined }, 400, { code: 'invalid_field', path: 'layer' }],
  ];
  for (const [more, status, json] of refusals) {
    expect(await sandbox.post(GENERATE, wanted(more))).toMatchObject({ status, json });
  }
  expect((await sandbox.post(GENERATE, wanted(), { key: null })).json.code).toBe('authentication_failed');
  const readonly = await sandbox.post(GENERATE, wanted(), { key: 'sandbox-readonly' });
  expect(readonly).toMatchObject({ status: 403, json: { code: 'upload_not_permitted' } });
  expect(sandbox.count('explanations')).toBe(0);
});

test('a score is stored and shown with its explanation, one for each scorer type and model', async () => {
  const sandbox = await withExamples();
  const { id } = (await sandbox.post(GENERATE, wanted())).json.explanation;
  const { status, json } = await sandbox.post(SCORE, scoring(id));
  expect([status, json.message]).toEqual([200, 'Score generated']);
  expect(json.score).toEqual({
    ...{ id: 'score-1', explanationId: id, explanationScoreTypeName: 'recall_alt', standIn: true },
    ...{ explanationScoreModelName: 'gpt-4o-mini', initiatedByUserId: 'user_bulk' },
    ...{ value: expect.any(Number), createdAt: expect.any(String) },
  });
  expect(json.score.value).toBeGreaterThanOrEqual(0);
  expect(json.score.value).toBeLessThanOrEqual(1);
  const other = await sandbox.post(SCORE, scoring(id, { scorerType: 'eleuther_fuzz' }));
  expect(other.json.score.value).not.toBe(json.score.value);
  const again = await sandbox.post(SCORE, scoring(id), { key: 'sandbox-free' });
  expect(again).toMatchObject({ status: 400, json: { code: 'score_exists' } });
  expect((await sandbox.read()).explanations[0].scores).toEqual([json.score, other.json.score]);
  const many = await sandbox.post('/api/features', [{ modelId: 'gpt2-small', layer: '6-mine', index: 3 }]);
  expect(many.json[0].explanations[0].scores).toHaveLength(2);
  expect(sandbox.ask('SELECT type_name, value FROM explanation_scores ORDER BY id')).toEqual([
    { type_name: 'recall_alt', value: json.score.value },
    { type_name: 'eleuther_fuzz', value: other.json.score.value },
  ]);
});

test('the same explanation gets the same score in another sandbox', async () => {
  const scores = [];
  for (const sandbox of [await withExamples(), await withExamples()]) {
    const { id } = (await sandbox.post(GENERATE, wanted())).json.explanation;
    scores.push((await sandbox.post(SCORE, scoring(id))).json.score.value);
  }
  expect(scores[1]).toBe(scores[0]);
});

test('a score is refused for an unknown explanation, scorer type or model', async () => {
  const sandbox = await withExamples();
  const { id } = (await sandbox.post(GENERATE, wanted())).json.explanation;
  for (const unknown of ['explanation-99', 'explanation-', '1', 'explanation-1 ']) {
    const answered = await sandbox.post(SCORE, scoring(unknown));
    expect(answered).toMatchObject({ status: 404, json: { code: 'not_found', path: 'explanationId' } });
  }
  for (const path of ['scorerType', 'scorerModel', 'explanationId']) {
    const answered = await sandbox.post(SCORE, scoring(id, { [path]: path === 'explanationId' ? undefined : 'nope' }));
    expect(answered).toMatchObject({ status: 400, json: { code: 'invalid_field', path } });
  }
  expect((await sandbox.post(SCORE, scoring(id), { key: 'sandbox-readonly' })).status).toBe(403);
  expect(sandbox.count('explanation_scores')).toBe(0);
});

test('an explanation uploaded with a vector can be scored too', async () => {
  const sandbox = await withExamples();
  const body = newVector({ explanations: [{ text: 'why' }] });
  const { vector } = (await sandbox.post('/api/vector/new', body)).json;
  const path = `/api/feature/gpt2-small/${vector.source}/${vector.index}`;
  const { id } = (await sandbox.get(path)).json.explanations[0];
  expect((await sandbox.post(SCORE, scoring(id))).status).toBe(200);
  expect((await sandbox.get(path)).json.explanations[0].scores).toMatchObject([{ explanationId: id }]);
});
