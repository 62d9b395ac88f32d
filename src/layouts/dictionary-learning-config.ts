import { join } from 'node:path';
import * as z from '../schema.ts';
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
  layer: whole,
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

/** Reads `config.json` in a folder. Errors: file_not_found, file_unreadable, config_invalid. */
export async function readDictionaryConfig(folder: string): Promise<DictionaryConfig> {
  const config = await readJsonConfig(join(folder, 'config.json'), schema);
  const { model_name, hook_point, top_k, ...said } = config.trainer ?? config;
  return {
    ...said,
    lm_name: said.lm_name ?? model_name,
    submodule_name: said.submodule_name ?? hook_point,
    k: said.k ?? top_k,
  };
}

/** Converts a submodule name such as `resid_post_layer_23` to a TransformerLens hook. Other names stay unchanged. */
export function hookOfSubmodule(name: string | null | undefined): string | undefined {
  const [, point, layer] = /^(resid_pre|resid_post|mlp_out|attn_out)_layer_(\d+)$/.exec(name ?? '') ?? [];
  return point === undefined ? (name ?? undefined) : `blocks.${layer}.hook_${point}`;
}
