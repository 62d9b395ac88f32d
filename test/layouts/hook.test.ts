import { expect, test } from 'vitest';
import { expandHook, parseHook, residualSide, transformerLensHook } from '../../src/layouts/hook.ts';

test.each([
  ['blocks.12.hook_resid_post', 12, true],
  ['blocks.0.hook_resid_pre', 0, true],
  ['blocks.3.hook_resid_mid', 3, true],
  ['blocks.3.hook_mlp_out', 3, true],
  ['blocks.3.hook_attn_out', 3, true],
  ['blocks.9.attn.hook_z', 9, false],
  ['blocks.9.mlp.hook_post', 9, false],
  ['blocks.9.ln2.hook_normalized', 9, false],
  ['model.layers.12', 12, true],
  ['model.language_model.layers.30', 30, true],
  ['layers.7', 7, true],
  ['transformer.h.3', 3, true],
  ['model.layers.17.output', 17, true],
  ['model.layers.17.post_feedforward_layernorm.output', 17, true],
  ['model.layers.17.pre_feedforward_layernorm.output', 17, false],
  ['model.layers.17.self_attn.o_proj.input', 17, false],
  ['transformer.h.3.mlp', 3, true],
  ['layers.3.mlp', 3, true],
  ['model.layers.3.self_attn', 3, true],
  ['model.layers.3.mlp.act_fn', 3, false],
  ['blocks.9.mlp.hook_out', 9, true],
  ['blocks.9.hook_out', 9, true],
  ['blocks.9.mlp.hook_in', 9, false],
  ['blocks.9.attn.hook_in', 9, false],
  ['gpt_neox.layers.5.attention.dense', 5, false],
])('%s is in layer %i; as wide as the residual stream: %s', (name, layer, residual) => {
  expect(parseHook(name)).toEqual({ layer, residual });
});

test.each(['ln_final.hook_normalized', 'blocks.x.mlp', 'blocks.4', 'mylayers.4', ''])('"%s" names no layer', (name) => {
  expect(parseHook(name)).toEqual({ residual: false });
});

test.each([
  ['hook_embed', undefined],
  ['blocks.3.hook_resid_pre', 'pre'],
  ['blocks.3.hook_out', 'post'],
  ['blocks.3.hook_in', 'pre'],
  ['blocks.3.mlp.hook_out', undefined],
  ['blocks.3.hook_mlp_out', undefined],
])('for steering vectors %s is resid-%s', (hook, side) => {
  expect(residualSide(hook)).toBe(side);
});

test('the embeddings are as wide as the model, and in no block', () => {
  expect(parseHook('hook_embed')).toEqual({ residual: true });
  expect(expandHook('hook_embed', 0)).toBe('hook_embed');
});

test.each([
  ['resid-pre', 6, 'blocks.6.hook_resid_pre'],
  ['resid-mid', 6, 'blocks.6.hook_resid_mid'],
  ['resid-post', 0, 'blocks.0.hook_resid_post'],
  ['mlp-out', 6, 'blocks.6.hook_mlp_out'],
  ['attn-out', 6, 'blocks.6.hook_attn_out'],
  ['z', 6, 'blocks.6.attn.hook_z'],
  ['hook_resid_post', 6, 'blocks.6.hook_resid_post'],
  ['mlp.hook_post', 6, 'blocks.6.mlp.hook_post'],
  ['ln2.hook_normalized', 6, 'blocks.6.ln2.hook_normalized'],
])('%s at layer %i expands to %s', (typed, layer, hook) => {
  expect(expandHook(typed, layer)).toBe(hook);
});

test.each([
  ['blocks.3.hook_resid_post', 6],
  ['model.layers.3', 6],
  ['resid-post', undefined],
  ['something else', 6],
  ['constructor', 6],
  ['__proto__', 6],
])('%s at layer %s stays as it was typed', (typed, layer) => {
  expect(expandHook(typed, layer)).toBe(typed);
});

test.each([
  ['model.layers.12', 'blocks.12.hook_resid_post'],
  ['transformer.h.3', 'blocks.3.hook_resid_post'],
  ['model.layers.17.output', 'blocks.17.hook_resid_post'],
  ['model.language_model.layers.9.post_feedforward_layernorm.output', 'blocks.9.hook_mlp_out'],
  ['model.layers.17.pre_feedforward_layernorm.output', 'blocks.17.ln2.hook_normalized'],
  ['model.layers.17.self_attn.o_proj.input', 'blocks.17.attn.hook_z'],
  ['model.layers.17.constructor', 'model.layers.17.constructor'],
  ['transformer.h.3.mlp', 'transformer.h.3.mlp'],
  ['blocks.4.hook_resid_pre', 'blocks.4.hook_resid_pre'],
  ['word_embedding', 'word_embedding'],
])('%s is called %s by TransformerLens', (name, expected) => {
  expect(transformerLensHook(name)).toBe(expected);
});
