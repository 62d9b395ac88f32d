import { basename } from 'node:path';
import * as z from '../schema.ts';
import { firstFile, known, readJsonConfig } from './json-config.ts';
import type { Known } from './sae.ts';

const text = z.nullish(z.string());
const whole = z.nullish(z.int().check(z.nonnegative()));

const schema = z.looseObject({
  sae_type: text,
  d_model: whole,
  d_sae: whole,
  // May be a fraction.
  expansion_factor: z.nullish(z.number()),
  hook_point_in: text,
  hook_point_out: text,
  hook_points: z.nullish(z.array(z.string())),
  act_fn: text,
  top_k: z.nullish(z.number()),
  norm_activation: text,
});

const modelSchema = z.looseObject({ model_name: text, model_from_pretrained_path: text });

/** The contents of a config of OpenMOSS's library, of any generation. */
export interface OpenMossConfig extends z.infer<typeof schema> {
  /** Name of the file it was read from. */
  readonly from: string;
  readonly features: number | undefined;
  readonly facts: Readonly<Record<string, string | number | null | undefined>>;
}

/** Stands in for the config of weights that have none beside them. */
export const nothingSaid: OpenMossConfig = { from: '', features: undefined, facts: {} };

/** Reads `config.json`, or `hyperparams.json` of Llama Scope 1. Errors: file_not_found, file_unreadable, config_invalid. */
export async function readOpenMossConfig(path: string): Promise<OpenMossConfig> {
  const config = await readJsonConfig(path, schema);
  const { d_sae, d_model, expansion_factor, act_fn, top_k, norm_activation } = config;
  const expanded = d_model && expansion_factor ? Math.round(d_model * expansion_factor) : undefined;
  const facts = { architecture: act_fn, k: act_fn === 'topk' ? top_k : undefined, norm_activation };
  return { ...config, from: basename(path), features: d_sae ?? expanded, facts };
}

/** Reads the model's name from a separate file, `lm_config.json`. Undefined if there is none. */
export async function readLmName(folder: string): Promise<Known<string> | undefined> {
  const path = await firstFile(folder, ['lm_config.json']);
  if (path === undefined) return undefined;
  const { model_name, model_from_pretrained_path } = await readJsonConfig(path, modelSchema);
  return known(model_name ?? model_from_pretrained_path, 'lm_config.json');
}
