import { expect, test } from 'vitest';
import { fixture } from '../fixtures.ts';
import { found } from './found.ts';

test('the trained SAE is found with its model, layer and hook, and their sources', async () => {
  const folder = fixture('sae-tiny');
  const saes = await found(folder);
  expect(saes).toHaveLength(1);
  expect(saes[0]).toMatchObject({
    path: folder,
    layout: 'SAELens',
    kind: 'sae',
    model: { value: 'tiny-kjv-4l', from: 'cfg.json' },
    layer: { value: 1, from: 'cfg.json' },
    hook: { value: 'blocks.1.hook_resid_post', from: 'cfg.json' },
    orientation: { value: 'rows', from: 'b_dec has 64 values, b_enc has 512 values' },
    facts: { architecture: 'topk', k: 16, normalize_activations: 'none' },
    decoder: { name: 'W_dec', dtype: 'F32', shape: [512, 64] },
  });
  expect(saes[0]).not.toHaveProperty('hookIn');
  expect(saes[0]).not.toHaveProperty('neuronpediaId');
});

test('the path of the weight file gives the same SAE', async () => {
  const [sae] = await found(fixture('sae-tiny', 'sae_weights.safetensors'));
  expect(sae).toMatchObject({ layout: 'SAELens', layer: { value: 1 }, orientation: { value: 'rows' } });
});

test('another tensor of it can be named, and then the config does not apply', async () => {
  const [sae] = await found(fixture('sae-tiny', 'sae_weights.safetensors'), 'W_enc');
  expect(sae).toMatchObject({
    layout: 'bare matrix',
    decoder: { name: 'W_enc', shape: [64, 512] },
    orientation: { value: 'columns' },
  });
  expect(sae).not.toHaveProperty('model');
});

test.each([
  ['W_dec.npy', [512, 64]],
  ['W_dec_transposed.npy', [64, 512]],
])('the bare decoder %s has no model, layer, hook or orientation', async (name, shape) => {
  const path = fixture('sae-tiny-encodings', name);
  const [sae] = await found(path);
  expect(sae).toMatchObject({ path, layout: 'bare matrix', kind: 'sae', decoder: { shape }, facts: {} });
  for (const fact of ['model', 'layer', 'hook', 'orientation']) expect(sae).not.toHaveProperty(fact);
});
