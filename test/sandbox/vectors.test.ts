import { expect, test } from 'vitest';
import { BATCH, batch, feature, newVector, running, vectorOf, withSourceSet } from './running-sandbox.ts';

test('a new vector is answered in the public server’s shape and read back with all its fields', async () => {
  const sandbox = await running();
  const more = {
    ...{ kind: 'probe', concept: 'truth', bias: -0.5, description: 'D', tags: ['t'], license: 'MIT' },
    ...{ paperUrl: 'https://example.com', metadata: { x: 1 }, vectorDefaultSteerStrength: -300 },
    activations: [{ tokens: ['a'], values: [4] }],
    explanations: [{ text: 'why' }],
  };
  const made = await sandbox.post('/api/vector/new', newVector(more));
  expect(made.status).toBe(200);
  const { message, url, vector } = made.json;
  expect(message).toBe('Success');
  expect(url).toBe(`${sandbox.url}/gpt2-small/6-neuronpedia-resid-post/${vector.index}`);
  expect(Number(vector.index)).toBeGreaterThanOrEqual(90_000_000);
  expect(Number(vector.index)).toBeLessThanOrEqual(179_999_999);
  const named = { source: '6-neuronpedia-resid-post', label: 'a label', defaultSteerStrength: -300 };
  expect(vector).toMatchObject({ modelId: 'gpt2-small', ...named, hookName: 'blocks.6.hook_resid_post' });
  expect(vector.values).toEqual(vectorOf(768));
  const place = { modelId: 'gpt2-small', source: vector.source, index: vector.index };
  const read = await sandbox.post('/api/vector/get', place, { key: null });
  const { activations, explanations, vectorDefaultSteerStrength, ...said } = more;
  const row = {
    ...said,
    vectorLabel: 'a label',
    layer: vector.source,
    index: vector.index,
    vectorDefaultSteerStrength,
  };
  expect(read.json.vector).toMatchObject({ ...row, vector: vectorOf(768), visibility: 'public' });
  expect(read.json.vector.vectorHash).toMatch(/^[0-9a-f]{64}$/);
  const whole = await sandbox.get(`/api/feature/gpt2-small/${vector.source}/${vector.index}`);
  expect(whole.json).toMatchObject({ ...row, hasVector: true, sourceSetName: null, sourceSet: null, maxActApprox: 4 });
  expect(whole.json.activations).toMatchObject(activations);
  expect(whole.json.explanations).toMatchObject([{ description: 'why' }]);
  expect((await sandbox.post('/api/vector/list-owned')).json.vectors).toEqual([read.json.vector]);
});

test('omitted fields of a vector get their defaults', async () => {
  const sandbox = await running();
  const { vector } = (await sandbox.post('/api/vector/new', newVector({ hookType: 'hook_resid_pre' }))).json;
  const given = { source: '6-neuronpedia-resid-pre', hookName: 'blocks.6.hook_resid_pre', defaultSteerStrength: 10 };
  expect(vector).toMatchObject({ ...given, kind: 'vector', license: 'CC-BY-4.0', concept: null, bias: null, tags: [] });
});

test('list-owned returns the user’s vectors and probes, but no features', async () => {
  const sandbox = await withSourceSet();
  await sandbox.post(BATCH, batch([feature(0)]));
  await sandbox.post('/api/vector/new', newVector({ vectorLabel: 'one' }));
  await sandbox.post('/api/vector/new', newVector({ vectorLabel: 'two', kind: 'probe' }));
  await sandbox.post('/api/vector/new', newVector(), { key: 'sandbox-free' });
  const { headers, json } = await sandbox.post('/api/vector/list-owned');
  // It is sent while it is made: all vectors of an account may be more than fits into memory.
  expect(headers.has('content-length')).toBe(false);
  const { vectors } = json;
  expect(vectors.map(({ vectorLabel }: { vectorLabel: string }) => vectorLabel)).toEqual(['one', 'two']);
});

test.each([
  ['layerNumber', { layerNumber: 12 }],
  ['layerNumber', { layerNumber: -1 }],
  ['layerNumber', { layerNumber: 1.5 }],
  ['hookType', { hookType: 'resid-post' }],
  ['vectorDefaultSteerStrength', { vectorDefaultSteerStrength: 301 }],
  ['vectorLabel', { vectorLabel: '' }],
  ['vectorLabel', { vectorLabel: 'a\ud800' }],
  ['vector[3]', { vector: [1, 2, 3, null] }],
  ['vector', { vector: Array(24_577).fill(1) }],
  ['vector', { vector: undefined }],
  ['kind', { kind: 'sae' }],
  ['bias', { bias: 'x' }],
])('a vector is refused, naming %s: %j', async (path, more) => {
  const sandbox = await running();
  const { status, json } = await sandbox.post('/api/vector/new', newVector(more));
  expect({ status, code: json.code, path: json.path }).toEqual({ status: 400, code: 'invalid_field', path });
  expect(sandbox.count('features')).toBe(0);
});

test('a vector must have the width of its model, and the model must exist', async () => {
  const sandbox = await running();
  const short = await sandbox.post('/api/vector/new', newVector({ vector: vectorOf(767) }));
  expect(short).toMatchObject({ status: 400, json: { code: 'invalid_vector_dimension', path: 'vector' } });
  const gemma = await sandbox.post('/api/vector/new', newVector({ modelId: 'gemma-2-2b', vector: vectorOf(2048) }));
  expect(gemma.json.error).toMatch(/2304 wide; 2048 is the width of gemma-2b/);
  for (const modelId of ['nope', 'GPT2-Small']) {
    const unknown = await sandbox.post('/api/vector/new', newVector({ modelId }));
    expect(unknown).toMatchObject({ status: 404, json: { code: 'model_not_found' } });
  }
});

test('an unknown vector gets a 404, and so does a feature without a vector', async () => {
  const sandbox = await withSourceSet();
  const place = { modelId: 'gpt2-small', source: '6-mine', index: '0' };
  const missing = { status: 404, json: { code: 'not_found' } };
  expect(await sandbox.post('/api/vector/get', place)).toMatchObject(missing);
  expect(await sandbox.post('/api/vector/delete', place)).toMatchObject(missing);
  const activations = [{ tokens: ['a'], values: [1] }];
  expect((await sandbox.post(BATCH, batch([{ index: 0, activations }]))).status).toBe(200);
  expect(await sandbox.post('/api/vector/get', place)).toMatchObject(missing);
});

test('only its owner can delete a vector', async () => {
  const sandbox = await running();
  const { vector } = (await sandbox.post('/api/vector/new', newVector())).json;
  const place = { modelId: vector.modelId, source: vector.source, index: vector.index };
  const theirs = await sandbox.post('/api/vector/delete', place, { key: 'sandbox-free' });
  expect(theirs).toMatchObject({ status: 409, json: { code: 'not_owner' } });
  expect(sandbox.count('features')).toBe(1);
  expect((await sandbox.post('/api/vector/delete', place)).json).toEqual({ message: 'Success' });
  expect(sandbox.count('features')).toBe(0);
});
