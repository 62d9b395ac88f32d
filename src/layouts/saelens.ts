import { join } from 'node:path';
import { assemble, type Parts } from './assemble.ts';
import { known, knownHooks } from './json-config.ts';
import { type Layout, tensorOf } from './layout.ts';
import { readSaelensConfig, type SaelensConfig } from './saelens-config.ts';

/** Names that SAELens gives the two files of an SAE. */
const saelensFiles = { config: 'cfg.json', weights: 'sae_weights.safetensors' } as const;

/**
 * An SAE or transcoder saved by SAELens: `cfg.json` of either generation beside `sae_weights.safetensors`. Every
 * architecture keeps its decoder in `W_dec [features, width]`; some have no `b_enc` (gated) or no `W_enc` (tied).
 */
export const saelens: Layout = {
  name: 'SAELens',
  looksFor: `${saelensFiles.weights} beside ${saelensFiles.config}`,
  config: saelensFiles.config,
  mayBe: ({ name, beside }) => name === saelensFiles.weights && beside.has(saelensFiles.config),
  // An encoder.weight beside W_dec means that sparsify wrote the file.
  decoder: (weights) => (weights.tensors.has('encoder.weight') ? undefined : tensorOf(weights, 'W_dec', 2)),
  async read(weights, decoder) {
    const config = await readSaelensConfig(join(weights.folder, saelensFiles.config));
    const stored = { value: 'rows' as const, from: 'SAELens stores W_dec [features, width]' };
    return [assemble(weights, decoder, stored, partsOf(config))];
  },
};

/** A transcoder's decoder writes to a different hook from the one that its encoder reads. */
function partsOf(config: SaelensConfig): Parts {
  const from = saelensFiles.config;
  const kind = config.architecture.includes('transcoder') ? 'transcoder' : 'sae';
  const { hookName } = config;
  const hookOut = kind === 'transcoder' ? config.hookNameOut : hookName;
  const hooks = knownHooks(from, hookOut, hookName);
  return {
    layout: 'SAELens',
    kind,
    model: known(config.modelName, from),
    ...hooks,
    layer: known(config.hookLayer, from) ?? hooks.layer,
    neuronpediaId: config.neuronpediaId,
    facts: config.facts,
    says: { from, features: config.features, width: config.outputWidth ?? config.inputWidth },
  };
}
