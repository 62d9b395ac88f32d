import { basename, join } from 'node:path';
import { assemble } from './assemble.ts';
import { type DictionaryConfig, hookOfSubmodule, readDictionaryConfig } from './dictionary-learning-config.ts';
import { parseHook } from './hook.ts';
import { firstFile, known } from './json-config.ts';
import { isNamed, type Layout, tensorOf } from './layout.ts';
import { orientationFromName } from './orientation.ts';

/** Orientation in classes that keep the decoder as a plain parameter instead of a torch Linear layer. */
const rows = { value: 'rows' as const, from: 'dictionary_learning stores W_dec [features, width]' };

/**
 * dictionary_learning: `trainer_0/{ae.pt, config.json}`, with `ae.pt` converted and its tensor names kept. The decoder
 * is `decoder.weight [width, features]`, or `W_dec [features, width]` for the JumpReLU and Matryoshka classes.
 */
export const dictionaryLearning: Layout = {
  name: 'dictionary_learning',
  looksFor: 'ae.safetensors or ae.npz beside config.json',
  config: 'config.json',
  mayBe: ({ name, beside }) =>
    isNamed(name, /^ae$/) ||
    // Checkpoints on the way, if the end is not there.
    (isNamed(name, /^ae_\d+$/) && !['ae.safetensors', 'ae.npz'].some((end) => beside.has(end))) ||
    (isNamed(name, /^(model|model_final)$/) && beside.has('config.json')),
  decoder(weights) {
    const linear = tensorOf(weights, 'decoder.weight', 2);
    if (linear && tensorOf(weights, 'encoder.weight', 2)) return linear;
    return tensorOf(weights, 'W_enc', 2) && tensorOf(weights, 'W_dec', 2);
  },
  async read(weights, decoder) {
    const isCheckpoint = basename(weights.folder) === 'checkpoints';
    const config = await firstFile(weights.folder, [
      'config.json',
      ...(isCheckpoint ? [join('..', 'config.json')] : []),
    ]);
    return [
      assemble(
        weights,
        decoder,
        orientationFromName(decoder.name) ?? rows,
        partsOf(config === undefined ? {} : await readDictionaryConfig(config)),
      ),
    ];
  },
};

function partsOf(config: DictionaryConfig) {
  const from = 'config.json';
  const hook = hookOfSubmodule(config);
  const layer = config.layer ?? (hook === undefined ? undefined : parseHook(hook).layer);
  return {
    layout: 'dictionary_learning',
    kind: 'sae' as const,
    model: known(config.lm_name, from),
    layer: known(layer, from),
    hook: known(hook, from),
    facts: { architecture: config.dict_class, k: config.k },
    says: { from, features: config.dict_size ?? undefined, width: config.activation_dim ?? undefined },
  };
}
