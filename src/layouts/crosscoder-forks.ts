import { join } from 'node:path';
import { configClue } from './axes.ts';
import { readDictionaryConfig } from './dictionary-learning-config.ts';
import { crosscoder, type Stored } from './heads.ts';
import { known } from './json-config.ts';
import { isNamed, type Layout, tensorOf } from './layout.ts';

const stored: Stored = {
  axes: { headAxis: 0, orientation: 'rows' },
  from: "dictionary_learning's forks store decoder.weight [heads, features, width]",
};

/**
 * A crosscoder of dictionary_learning's forks (Dumas, Minder): `decoder.weight [heads, features, width]`, not a Linear
 * layer despite its name, beside a `config.json` with its constructor's arguments or a trainer's settings. A head is a
 * model (0 the base, 1 the fine-tuned one) or a layer; no config says which.
 */
export const crosscoderForks: Layout = {
  name: 'dictionary_learning crosscoder',
  looksFor: 'model.safetensors beside config.json',
  config: 'config.json',
  mayBe: ({ name, beside }) => isNamed(name, /^(model|model_final|ae|checkpoint_\d+)$/) && beside.has('config.json'),
  decoder: (weights) => tensorOf(weights, 'encoder.weight', 3) && tensorOf(weights, 'decoder.weight', 3),
  async read(weights, decoder) {
    const from = 'config.json';
    const config = await readDictionaryConfig(join(weights.folder, 'config.json'));
    const { num_layers, dict_size, activation_dim, dict_class, code_normalization, k, layer } = config;
    const clues = configClue(from, { heads: num_layers, features: dict_size, width: activation_dim });
    return crosscoder(weights, decoder, stored, clues, () => ({
      layout: 'dictionary_learning crosscoder',
      kind: 'crosscoder',
      layer: known(layer, from),
      facts: { architecture: dict_class, code_normalization, k },
    }));
  },
};
