import { join } from 'node:path';
import * as z from '../schema.ts';
import { assemble, type Parts } from './assemble.ts';
import { known, knownHooks, readJsonConfig } from './json-config.ts';
import { isNamed, type Layout, tensorOf, type Weights } from './layout.ts';
import { checkedByPath, inPath } from './path-facts.ts';

const text = z.nullish(z.string());
const schema = z.looseObject({
  architecture: text,
  model_name: text,
  hf_hook_point_in: text,
  hf_hook_point_out: text,
  width: z.nullish(z.int()),
  l0: z.nullish(z.number()),
  affine_connection: z.nullish(z.union([z.boolean(), z.string()])),
});

type Config = z.infer<typeof schema>;

/** `layer_17_width_16k_l0_medium`, followed by `_affine` for a transcoder with a skip connection. */
const leaf = /^layer_(\d+)_width_(\w+?)_l0_(\w+?)(_affine)?(?:\.safetensors)?$/;

/** The modules that a config would name, by the name of the folder above. */
const sites: readonly [RegExp, { in: string; out?: string }][] = [
  [/^resid_post(_all)?$/, { in: 'output' }],
  [/^mlp_out(_all)?$/, { in: 'post_feedforward_layernorm.output' }],
  [/^attn_out(_all)?$/, { in: 'self_attn.o_proj.input' }],
  [/^transcoder(_all)?$/, { in: 'pre_feedforward_layernorm.output', out: 'post_feedforward_layernorm.output' }],
];

/**
 * Gemma Scope 2: lower-case `w_dec [features, width]` in `params.safetensors` beside `config.json`. If the config is
 * missing, the path gives model, hook and layer (`gemma-scope-2-4b-pt/resid_post/layer_17_width_16k_l0_medium`).
 */
export const gemmaScope2: Layout = {
  name: 'Gemma Scope 2',
  looksFor: 'params.safetensors beside config.json',
  mayBe: ({ name }) => isNamed(name, /^params$/) || leaf.test(name),
  decoder: (weights) => tensorOf(weights, 'w_dec', 2),
  async read(weights, decoder) {
    const inConfig = weights.beside.has('config.json');
    const config = inConfig ? await readJsonConfig(join(weights.folder, 'config.json'), schema) : fromPath(weights);
    const stored = { value: 'rows' as const, from: 'Gemma Scope stores w_dec [features, width]' };
    const sae = assemble(weights, decoder, stored, partsOf(weights, config, inConfig));
    const place = inPath(pathOf(weights), leaf);
    return [checkedByPath(sae, place, place?.groups[1])];
  },
};

function partsOf(weights: Weights, config: Config, inConfig: boolean): Parts {
  const hookIn = config.hf_hook_point_in;
  const hookOut = config.hf_hook_point_out ?? hookIn;
  const isTranscoder = hookIn !== hookOut || weights.tensors.has('affine_skip_connection');
  const repo = inPath(weights.folder, repository)?.segment;
  const named = inPath(pathOf(weights), leaf)?.segment ?? '';
  const at = inConfig ? 'config.json' : `${named === weights.name ? 'file' : 'folder'} ${named}`;
  return {
    layout: 'Gemma Scope 2',
    kind: isTranscoder ? 'transcoder' : 'sae',
    model: known(config.model_name, inConfig ? at : `path ${repo}`),
    ...knownHooks(at, hookOut, hookIn),
    facts: { architecture: config.architecture, l0: config.l0, affine_connection: config.affine_connection },
    says: { from: 'config.json', features: config.width ?? undefined },
  };
}

/** A file may have the name that a folder usually has. */
const pathOf = ({ folder, name }: Weights) => join(folder, name);

const repository = /gemma-scope-2-(270m|1b|4b|12b|27b)-(pt|it)/;

/** Derives from the path as much of the config as it states. */
function fromPath(weights: Weights): Config {
  const { folder } = weights;
  const repo = inPath(folder, repository)?.groups;
  const layer = inPath(pathOf(weights), leaf)?.groups[0];
  const site = sites.find(([pattern]) => inPath(folder, pattern))?.[1];
  const point = (suffix: string | undefined) => (suffix && layer ? `model.layers.${layer}.${suffix}` : undefined);
  return {
    model_name: repo && `google/gemma-3-${repo[0]}-${repo[1]}`,
    hf_hook_point_in: point(site?.in),
    hf_hook_point_out: point(site?.out ?? site?.in),
  };
}
