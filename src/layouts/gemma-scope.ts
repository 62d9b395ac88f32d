import { assemble, type Parts } from './assemble.ts';
import { type Layout, tensorOf, type Weights } from './layout.ts';
import { checkedByPath, inPath, layerIn } from './path-facts.ts';
import type { Known } from './sae.ts';

/** `google/gemma-scope-2b-pt-res`: only the repository's name gives the model and the site. */
const repository = /gemma-scope-(2b|9b|27b)-(pt|it)-(res|mlp|att|transcoders)/;

/** Hooks by site. Attention SAEs sit at the concatenated heads, which are not the residual stream. */
const hooks: Readonly<Record<string, { out: string; in?: string }>> = {
  res: { out: 'hook_resid_post' },
  mlp: { out: 'hook_mlp_out' },
  att: { out: 'attn.hook_z' },
  transcoders: { out: 'hook_mlp_out', in: 'ln2.hook_normalized' },
};

/**
 * Gemma Scope 1: `params.npz` with `W_dec [features, width]` and no config. Layer, number of features and L0 are in the
 * path (`layer_12/width_16k/average_l0_82`), model and site in the name of the repository's folder, if it was kept.
 */
export const gemmaScope: Layout = {
  name: 'Gemma Scope',
  looksFor: 'params.npz in layer_N/width_W/average_l0_K',
  mayBe: ({ name }) => name === 'params.npz',
  decoder: (weights) => tensorOf(weights, 'W_dec', 2) ?? tensorOf(weights, 'w_dec', 2),
  async read(weights, decoder) {
    const stored = { value: 'rows' as const, from: `Gemma Scope stores ${decoder.name} [features, width]` };
    const width = inPath(weights.folder, /^width_(\w+)$/);
    return [checkedByPath(assemble(weights, decoder, stored, partsOf(weights)), width, width?.groups[0])];
  },
};

function partsOf({ folder }: Weights): Parts {
  const repo = inPath(folder, repository);
  const [size, variant, site] = repo?.groups ?? [];
  const layer = layerIn(folder, /^layer_(\d+)$/);
  const l0 = inPath(folder, /^average_l0_(\d+(?:\.\d+)?)$/)?.groups[0];
  const hook = (point: string | undefined): Known<string> | undefined =>
    repo && point && layer ? { value: `blocks.${layer.value}.${point}`, from: `path ${repo.segment}` } : undefined;
  return {
    layout: 'Gemma Scope',
    kind: site === 'transcoders' ? 'transcoder' : 'sae',
    model: repo && { value: `google/gemma-2-${size}${variant === 'it' ? '-it' : ''}`, from: `path ${repo.segment}` },
    layer,
    hook: hook(hooks[site ?? '']?.out),
    hookIn: hook(hooks[site ?? '']?.in),
    facts: { architecture: 'jumprelu', l0: l0 === undefined ? undefined : Number(l0) },
  };
}
