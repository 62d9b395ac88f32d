import { expect, test } from 'vitest';
import { found, saelens, saelensFolder, sixByFour } from './found.ts';

test('hook, layer and topk of a flat config before 6.0 are read under their old names', async () => {
  const sae = await saelens({
    model_name: 'gpt2-small',
    hook_point: 'blocks.8.hook_resid_pre',
    hook_point_layer: 8,
    d_in: 4,
    expansion_factor: 1.5,
    architecture: 'standard',
    activation_fn_str: 'topk',
    activation_fn_kwargs: { k: 2 },
    normalize_activations: true,
    neuronpedia_id: 'gpt2-small/8-res-jb',
    lr: 0.0004,
  });
  expect(sae).toMatchObject({
    model: { value: 'gpt2-small' },
    layer: { value: 8 },
    hook: { value: 'blocks.8.hook_resid_pre' },
    neuronpediaId: 'gpt2-small/8-res-jb',
  });
  expect(sae.facts).toEqual({ architecture: 'topk', k: 2, normalize_activations: true });
});

test('newer flat names are read too, and no architecture means standard', async () => {
  const sae = await saelens({
    hook_name: 'blocks.3.hook_mlp_out',
    hook_layer: 3,
    d_in: 4,
    d_sae: 6,
    activation_fn: 'relu',
  });
  expect(sae).toMatchObject({ layer: { value: 3 }, hook: { value: 'blocks.3.hook_mlp_out' } });
  expect(sae.facts).toEqual({ architecture: 'standard' });
  expect(sae).not.toHaveProperty('model');
});

test.each([
  ['blocks.12.hook_resid_post', 12, 'blocks.12.hook_resid_post'],
  ['model.layers.30', 30, 'blocks.30.hook_resid_post'],
])('the layer of a nested config comes from its hook: %s is layer %i', async (hook_name, layer, hook) => {
  const metadata = { model_name: 'gemma-2-2b', hook_name, neuronpedia_id: null };
  const sae = await saelens({ architecture: 'jumprelu', d_in: 4, d_sae: 6, metadata });
  expect(sae).toMatchObject({ model: { value: 'gemma-2-2b' }, layer: { value: layer }, hook: { value: hook } });
});

test('a hook that names no layer leaves the layer open', async () => {
  const sae = await saelens({ metadata: { hook_name: 'hook_embed' } });
  expect(sae.hook?.value).toBe('hook_embed');
  expect(sae).not.toHaveProperty('layer');
});

test.each(['transcoder', 'skip_transcoder', 'jumprelu_transcoder'])(
  'the vectors of a %s belong to the hook it writes to, and have its width',
  async (architecture) => {
    const hooks = { hook_name: 'blocks.5.ln2.hook_normalized', hook_name_out: 'blocks.5.hook_mlp_out' };
    const shapes = { W_enc: [5, 6], b_enc: [6], W_dec: [6, 4], b_dec: [4], W_skip: [4, 5] };
    const sae = await saelens({ architecture, d_in: 5, d_out: 4, d_sae: 6, metadata: hooks }, shapes);
    expect(sae).toMatchObject({
      kind: 'transcoder',
      layer: { value: 5 },
      hook: { value: hooks.hook_name_out },
      hookIn: { value: hooks.hook_name },
      orientation: { value: 'rows' },
    });
  },
);

test.each([
  ['gated', { b_gate: [6], b_mag: [6], r_mag: [6], W_dec: [6, 4], b_dec: [4] }, 'rows'],
  ['jumprelu', { b_enc: [6], threshold: [6], W_dec: [6, 4], b_dec: [4] }, 'rows'],
  ['matching_pursuit', { W_dec: [6, 4], b_dec: [4] }, 'rows'],
  ['temporal', { 'attn_layers.0.v_ctx.weight': [6, 6], W_dec: [6, 4], b_dec: [4] }, 'rows'],
  ['transposed by hand', { W_dec: [4, 6], b_enc: [6], b_dec: [4] }, 'columns'],
])('the decoder of a %s SAE is W_dec, oriented by its biases', async (architecture, shapes, orientation) => {
  const sae = await saelens({ architecture, d_in: 4, d_sae: 6 }, shapes);
  expect(sae).toMatchObject({ decoder: { name: 'W_dec' }, orientation: { value: orientation } });
});

test.each([
  ['a square decoder', { W_dec: [4, 4], b_enc: [4], b_dec: [4] }],
  ['a decoder without biases', { W_dec: [6, 4] }],
])('%s is read in the orientation in which SAELens stores it', async (_, shapes) => {
  const sae = await saelens({}, shapes);
  expect(sae.orientation).toEqual({ value: 'rows', from: 'SAELens stores W_dec [features, width]' });
});

test.each([
  ['a d_sae that contradicts the weights', { d_in: 4, d_sae: 7 }, sixByFour, /says 7 features, W_dec has 6/],
  ['a d_in that contradicts the weights', { d_in: 5, d_sae: 6 }, sixByFour, /says width 5, W_dec has 4/],
  ['swapped d_in and d_sae', { d_in: 6, d_sae: 4 }, sixByFour, /says 4 features, W_dec has 6; cfg.json says width 6/],
  ['a d_out that contradicts the weights', { d_in: 4, d_out: 5 }, sixByFour, /says width 5/],
  ['an expansion factor that contradicts the weights', { d_in: 4, expansion_factor: 8 }, sixByFour, /says 32 features/],
])('reports %s with both numbers', async (_, config, shapes, message) => {
  const failure = expect(found(await saelensFolder(config, shapes))).rejects;
  await failure.toMatchObject({ code: 'layout_unknown', exitCode: 6, message: expect.stringMatching(message) });
});

test('biases that contradict the decoder are an error that names them', async () => {
  const folder = await saelensFolder({}, { ...sixByFour, b_enc: [5] });
  const said = /W_dec of shape \[6,4\] fits the biases in neither orientation: b_dec has 4 values, b_enc has 5 values/;
  await expect(found(folder)).rejects.toMatchObject({
    code: 'layout_unknown',
    message: expect.stringMatching(said),
  });
});

test('a transcoder whose config has no output hook leaves it open, and takes its layer from the input', async () => {
  const sae = await saelens({ architecture: 'transcoder', metadata: { hook_name: 'blocks.5.ln2.hook_normalized' } });
  expect(sae).toMatchObject({ layer: { value: 5 }, hookIn: { value: 'blocks.5.ln2.hook_normalized' } });
  expect(sae).not.toHaveProperty('hook');
});

test.each([[3], 3])('a hook that leaves its layer open has that of hook_point_layer %j', async (hook_point_layer) => {
  const sae = await saelens({ hook_point: 'blocks.{layer}.hook_resid_pre', hook_point_layer });
  expect(sae).toMatchObject({ layer: { value: 3 }, hook: { value: 'blocks.3.hook_resid_pre' } });
});

test('a place for the layer in any hook is filled in, and a hook is not known while its layer is not', async () => {
  const sae = await saelens({ hook_name: 'blocks.{layer}.hook_mlp_out', hook_layer: 3 });
  expect(sae).toMatchObject({ layer: { value: 3 }, hook: { value: 'blocks.3.hook_mlp_out' } });
  const open = await saelens({ hook_point: 'blocks.{layer}.hook_resid_pre', hook_point_layer: [3, 5] });
  expect(open).not.toHaveProperty('hook');
});

test('an expansion factor that is no whole number is rounded', async () => {
  await expect(saelens({ d_in: 4, expansion_factor: 1.5001 })).resolves.toHaveProperty('decoder');
  await expect(saelens({ d_in: 4, expansion_factor: 1.2 })).rejects.toThrow('says 5 features');
});
