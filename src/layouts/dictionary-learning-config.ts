import * as z from '../schema.ts';
import { transformerLensHook } from './hook.ts';
import { readJsonConfig } from './json-config.ts';

const text = z.nullish(z.string());
const whole = z.nullish(z.int().check(z.nonnegative()));

const fields = z.looseObject({
  dict_class: text,
  trainer_class: text,
  activation_dim: whole,
  dict_size: whole,
  num_layers: whole,
  k: z.nullish(z.number()),
  // Some scripts write it as text, or leave it empty.
  layer: z.optional(z.pipe(z.unknown(), z.transform(layerOf))),
  lm_name: text,
  submodule_name: text,
  // Used instead of lm_name, submodule_name and k by a fork of its trainers (BatchTopK and Matryoshka SAEs of 2024).
  model_name: text,
  hook_point: text,
  top_k: z.nullish(z.number()),
  code_normalization: z.nullish(z.union([z.string(), z.number()])),
});

/** A trainer's config nests its fields under `trainer`. One saved for the Hugging Face hub has them at the top level. */
const schema = z.extend(fields, { trainer: z.nullish(fields) });

/** The contents of a `config.json` of dictionary_learning or its forks. */
export type DictionaryConfig = z.infer<typeof fields>;

/** Reads a `config.json`. Errors: file_not_found, file_unreadable, config_invalid. */
export async function readDictionaryConfig(path: string): Promise<DictionaryConfig> {
  const config = await readJsonConfig(path, schema);
  const { model_name, hook_point, top_k, ...said } = config.trainer ?? config;
  return {
    ...said,
    lm_name: said.lm_name || model_name,
    submodule_name: said.submodule_name ?? hook_point,
    k: said.k ?? top_k,
  };
}

function layerOf(layer: unknown): number | undefined {
  return /^\d{1,4}$/.test(String(layer)) ? Number(layer) : undefined;
}

/**
 * Converts a submodule's name to a TransformerLens hook: `resid_post_layer_23`, `resid_post_23`, `resid_post` with the
 * config's layer, or a module path of torch. Other names stay unchanged.
 */
export function hookOfSubmodule({ submodule_name, layer }: DictionaryConfig): string | undefined {
  if (!submodule_name) return undefined;
  const short = /^(resid_pre|resid_post|mlp_out|attn_out)(?:_(?:layer_?)?(\d+))?$/.exec(submodule_name);
  const number = short?.[2] ?? layer;
  return short && number !== undefined ? `blocks.${number}.hook_${short[1]}` : transformerLensHook(submodule_name);
}
