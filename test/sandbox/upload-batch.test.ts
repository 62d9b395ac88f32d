import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { BATCH, batch, feature, features, running, vectorOf, withSourceSet } from './running-sandbox.ts';

const activation = { tokens: [' a', 'b'], values: [0, 2.5] };

function hashOf(vector: number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * 4);
  return createHash('sha256').update(bytes).digest('hex');
}

test('a batch is stored with the bytes and hashes of its vectors', async () => {
  const sandbox = await withSourceSet();
  const answered = await sandbox.post(BATCH, batch(features(0, 128)));
  expect(answered).toMatchObject({ status: 200, json: { message: '128 features created.', created: 128 } });
  expect(sandbox.count('features')).toBe(128);
  const [row] = sandbox.ask('SELECT vector_hash, width, hex(vector) AS hex FROM features WHERE idx = 5');
  const bytes = Buffer.from(Float32Array.from(vectorOf(768, 5)).buffer);
  expect(row).toEqual({ vector_hash: hashOf(vectorOf(768, 5)), width: 768, hex: bytes.toString('hex').toUpperCase() });
});

test('every uploaded field is returned when the feature is read', async () => {
  const sandbox = await withSourceSet();
  const own = {
    ...{ name: 'a name', description: 'what it does', metadata: { sparsity: 0.5, dead: false, own: { x: [1] } } },
    ...{ density: 0.25, topLogits: [{ token: ' t', value: 1.5 }], bottomLogits: [{ token: ' b', value: -1 }] },
    activations: [{ ...activation, quantileMin: 0.1, quantileMax: 9.5, quantileFraction: 0.02 }],
    explanations: [{ text: 'about t', methodName: 'm' }],
  };
  const whole = {
    ...{ kind: 'transcoder', hookName: 'blocks.6.hook_mlp_out', hookNameIn: 'blocks.6.ln2', license: 'MIT' },
    ...{ description: 'of the SAE', tags: ['x', 'y'], paperUrl: 'https://example.com/p', metadata: { l0: 50 } },
  };
  await sandbox.post(BATCH, batch([feature(3, own)], whole));
  const { status, json } = await sandbox.get('/api/feature/gpt2-small/6-mine/3', { key: null });
  expect(status).toBe(200);
  expect(json).toMatchObject({
    ...{ modelId: 'gpt2-small', layer: '6-mine', index: '3', sourceSetName: 'mine', creatorId: 'user_bulk' },
    ...{ hasVector: true, vector: vectorOf(768, 3), vectorHash: hashOf(vectorOf(768, 3)), maxActApprox: 2.5 },
    ...{ name: own.name, description: own.description, metadata: own.metadata, frac_nonzero: 0.25 },
    ...{ pos_str: [' t'], pos_values: [1.5], neg_str: [' b'], neg_values: [-1] },
    ...{ kind: 'transcoder', hookName: whole.hookName, hookNameIn: whole.hookNameIn, license: 'MIT' },
    ...{ visibility: 'public', tags: ['x', 'y'], paperUrl: whole.paperUrl },
    ...{ sourceDescription: 'of the SAE', sourceMetadata: { l0: 50 } },
    activations: [{ ...activation, maxValue: 2.5, maxValueTokenIndex: 1, minValue: 0, binMin: 0.1, binContains: 0.02 }],
    explanations: [{ description: 'about t', typeName: 'm', authorId: 'user_bulk' }],
    ...{ source: { id: '6-mine' }, sourceSet: { name: 'mine' }, model: { dimension: 768 }, creator: { name: 'bulk' } },
  });
});

test('a vector keeps every bit of its float32 values', async () => {
  const sandbox = await withSourceSet();
  const vector = vectorOf(768);
  vector.splice(0, 5, -0, 1e-45, 3.4028234663852886e38, 0.1, 33554450);
  const text = JSON.stringify(vector).replace('[0,', '[-0,');
  const body = JSON.stringify(batch([{ index: 0 }])).replace('"index":0', `"index":0,"vector":${text}`);
  expect((await sandbox.post(BATCH, body)).status).toBe(200);
  const { json } = await sandbox.get('/api/feature/gpt2-small/6-mine/0');
  const expected = Array.from(Float32Array.from(vector));
  expect(json.vector.every((value: number, i: number) => Object.is(value, expected[i]))).toBe(true);
  expect(json.vectorHash).toBe(hashOf(expected));
});

test('what the public server accepts is accepted: text indices, null logits, upper case, unknown keys', async () => {
  const sandbox = await withSourceSet();
  const given = { index: '305', activations: [activation], topLogits: null, bottomLogits: null, other: 1 };
  const answered = await sandbox.post(BATCH, { modelId: 'GPT2-Small', source: '6-MINE', features: [given], more: 1 });
  expect(answered.status).toBe(200);
  const { json } = await sandbox.get('/api/feature/gpt2-small/6-mine/305');
  expect(json).toMatchObject({ hasVector: false, vector: [], vectorHash: null, license: 'CC-BY-4.0', kind: 'sae' });
});

const f = (more: Record<string, unknown>) => batch([feature(0), feature(1, more)]);
const a = (more: Record<string, unknown>) => f({ activations: [activation, { ...activation, ...more }] });
const inRow = (place: string) => `features[1].${place}`;

test.each([
  [inRow('index'), f({ index: -1 })],
  [inRow('index'), f({ index: 10_000_001 })],
  [inRow('index'), f({ index: 1.5 })],
  [inRow('index'), f({ index: 0 })],
  [inRow('vector[3]'), f({ vector: [1, 2, 3, null] })],
  [inRow('vector[0]'), f({ vector: [1e39] })],
  [inRow('vector[0]'), f({ vector: ['x'] })],
  [inRow('vector'), f({ vector: [] })],
  [inRow('vector'), f({ vector: 'x' })],
  [inRow('activations'), f({ vector: null })],
  [inRow('activations'), f({ vector: null, activations: [] })],
  [inRow('activations[1].tokens'), a({ tokens: [], values: [] })],
  [inRow('activations[1].tokens'), a({ tokens: Array(1025).fill('x'), values: Array(1025).fill(1) })],
  [inRow('activations[1].tokens[1]'), a({ tokens: ['x', ''] })],
  [inRow('activations[1].values'), a({ values: [1] })],
  [inRow('activations[1].values[0]'), a({ values: [null, 1] })],
  [inRow('activations[1].quantileMin'), a({ quantileMin: 1e8 })],
  [inRow('activations[1].quantileFraction'), a({ quantileFraction: 2 })],
  [inRow('density'), f({ density: 1.1 })],
  [inRow('density'), f({ density: null })],
  [inRow('topLogits'), f({ topLogits: Array(21).fill({ token: 'x', value: 1 }) })],
  [inRow('bottomLogits[0].token'), f({ bottomLogits: [{ token: '', value: 1 }] })],
  [inRow('bottomLogits[0].value'), f({ bottomLogits: [{ token: 'x', value: null }] })],
  [inRow('explanations[0].text'), f({ explanations: [{ text: '' }] })],
  [inRow('explanations[0].text'), f({ explanations: [{ text: 'x'.repeat(513) }] })],
  [inRow('metadata'), f({ metadata: [1] })],
  [inRow('name'), f({ name: 'a\u0000b' })],
  [inRow('metadata.deep[0]'), f({ metadata: { deep: ['a\ud83db'] } })],
  [inRow('metadata.x'), f({ metadata: { 'x\u0000': 1 } })],
  [inRow('activations[1].tokens[0]'), a({ tokens: ['\u0000', 'x'] })],
  ['features', batch([])],
  ['features', batch(features(0, 129))],
  ['source', { ...batch([feature(0)]), source: 'mine' }],
  ['source', { ...batch([feature(0)]), source: '12-mine' }],
  ['source', { ...batch([feature(0)]), source: '06-mine' }],
  ['kind', batch([feature(0)], { kind: 'probe' })],
  ['visibility', batch([feature(0)], { visibility: 'secret' })],
  ['paperUrl', batch([feature(0)], { paperUrl: 'javascript:alert(1)' })],
  ['tags[0]', batch([feature(0)], { tags: [''] })],
])('the whole batch is refused, naming %s', async (path, body) => {
  const sandbox = await withSourceSet();
  const { status, json } = await sandbox.post(BATCH, body);
  expect({ status, code: json.code, path: json.path }).toEqual({ status: 400, code: 'invalid_field', path });
  expect(sandbox.count('features')).toBe(0);
});

test.each([
  [inRow('activations[1].values[1]'), a({ values: [1, 'PLACE'] })],
  [inRow('metadata'), f({ metadata: { deep: ['PLACE'] } })],
  ['metadata', batch([feature(0)], { metadata: { l0: 'PLACE' } })],
])('infinity written as 1e999 is refused, naming %s', async (path, given) => {
  const sandbox = await withSourceSet();
  const body = JSON.stringify(given).replace('"PLACE"', '1e999');
  expect(await sandbox.post(BATCH, body)).toMatchObject({ status: 400, json: { code: 'invalid_field', path } });
  expect(sandbox.count('features')).toBe(0);
});

test('a well-formed surrogate pair is stored like any other text', async () => {
  const sandbox = await withSourceSet();
  const body = JSON.stringify(f({ name: 'PLACE' })).replace('PLACE', '\\ud83d\\ude00');
  expect((await sandbox.post(BATCH, body)).status).toBe(200);
  expect((await sandbox.get('/api/feature/gpt2-small/6-mine/1')).json.name).toBe('😀');
});

test('a source set must exist and belong to the user who uploads to it', async () => {
  const sandbox = await withSourceSet();
  const none = await sandbox.post(BATCH, { ...batch([feature(0)]), source: '6-nope' });
  expect(none).toMatchObject({ status: 404, json: { code: 'source_set_not_found', path: 'source' } });
  const model = await sandbox.post(BATCH, { ...batch([feature(0)]), modelId: 'nope' });
  expect(model).toMatchObject({ status: 404, json: { code: 'model_not_found' } });
  const theirs = await sandbox.post(BATCH, batch([feature(0)]), { key: 'sandbox-free' });
  expect(theirs).toMatchObject({ status: 409, json: { code: 'not_owner' } });
  expect(sandbox.count('features')).toBe(0);
});

test.each([undefined, 'blocks.6.hook_resid_post', 'blocks.6.hook_mlp_out', 'blocks.6.hook_attn_out'])(
  'vectors at hook %s must have the width of the model',
  async (hookName) => {
    const sandbox = await withSourceSet();
    const { status, json } = await sandbox.post(
      BATCH,
      batch([feature(0), feature(1, { vector: [1, 2] })], { hookName }),
    );
    expect({ status, code: json.code, path: json.path }).toEqual({
      ...{ status: 400, code: 'invalid_vector_dimension', path: 'features[1].vector' },
    });
    expect(json.error).toMatch(/has 2 values, expected 768/);
    expect(sandbox.count('features')).toBe(0);
  },
);

test('the error for a gemma-2-2b vector of 2048 values says what has that width', async () => {
  const sandbox = await running();
  await sandbox.post('/api/source-set/new', { name: 'mine', modelId: 'gemma-2-2b' });
  const body = { ...batch([{ index: 0, vector: vectorOf(2048) }]), modelId: 'gemma-2-2b' };
  const { json } = await sandbox.post(BATCH, body);
  expect(json.code).toBe('invalid_vector_dimension');
  expect(json.error).toMatch(/2304/);
  expect(json.error).toMatch(/2048 is the width of gemma-2b, and of gemma-2-2b's attention z/);
});

test.each(['blocks.6.attn.hook_z', 'blocks.6.mlp.hook_post'])(
  'vectors at %s can have any width, but only one per source',
  async (hookName) => {
    const sandbox = await withSourceSet();
    const rows = (width: number, first: number) =>
      batch(
        [first, first + 1].map((index) => ({ index, vector: vectorOf(width, index) })),
        { hookName },
      );
    expect((await sandbox.post(BATCH, rows(10, 0))).status).toBe(200);
    const other = await sandbox.post(BATCH, rows(11, 2));
    expect(other).toMatchObject({
      status: 400,
      json: { code: 'invalid_vector_dimension', path: 'features[0].vector' },
    });
    expect((await sandbox.post(BATCH, rows(10, 2))).status).toBe(200);
    expect((await sandbox.post(BATCH, { ...rows(11, 0), source: '7-mine' })).status).toBe(200);
    const mixed = batch(
      [
        { index: 8, vector: [1, 2] },
        { index: 9, vector: [1] },
      ],
      { hookName },
    );
    expect((await sandbox.post(BATCH, { ...mixed, source: '8-mine' })).json.path).toBe('features[1].vector');
  },
);

test('a model without a recorded width accepts any width, but only one per source', async () => {
  const sandbox = await running();
  await sandbox.post('/api/model/new', { id: 'my-tiny', layers: 4 });
  await sandbox.post('/api/source-set/new', { name: 'mine', modelId: 'my-tiny' });
  const body = (index: number, vector: number[]) => ({
    modelId: 'my-tiny',
    source: '3-mine',
    features: [{ index, vector }],
  });
  expect((await sandbox.post(BATCH, body(0, [1, 2, 3]))).status).toBe(200);
  expect((await sandbox.post(BATCH, body(1, [1, 2]))).json.code).toBe('invalid_vector_dimension');
  expect((await sandbox.post(BATCH, body(2, [4, 5, 6]))).status).toBe(200);
});
