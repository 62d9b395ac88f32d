import { join } from 'node:path';
import { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import type { Orientation, Tensor } from '../tensor/tensor.ts';
import { assemble } from './assemble.ts';
import { known, knownHooks, readConfigText, readJsonConfig } from './json-config.ts';
import { isNamed, type Layout, tensorOf, type Weights } from './layout.ts';
import type { Known } from './sae.ts';
import { readYamlScalars } from './yaml-scalars.ts';

// Layouts that a single publication uses. Each is short, so they share a file.

const rows = (name: string): Known<Orientation> => ({ value: 'rows', from: `${name} stores [features, width]` });

/** Temporal SAEs: `latest_ckpt.safetensors` beside `conf.yaml`, with `D [features, width]` and larger attention tensors. */
export const temporal: Layout = {
  name: 'temporal SAE',
  looksFor: 'latest_ckpt.safetensors beside conf.yaml',
  mayBe: ({ name, beside }) => isNamed(name, /^latest_ckpt$/) && beside.has('conf.yaml'),
  decoder: (weights) => tensorOf(weights, 'D', 2),
  async read(weights, decoder) {
    const from = 'conf.yaml';
    const config = readYamlScalars(await readConfigText(join(weights.folder, from)));
    const width = Number(config.get('llm.dimin')) || undefined;
    const parts = { layout: 'temporal SAE', kind: 'sae', says: { from, width } } as const;
    // The decoder bias is just called `b`, which in other layouts may be anything.
    return [assemble({ ...weights, tensors: withBias(weights) }, decoder, rows('D'), parts)];
  },
};

function withBias({ tensors }: Weights): ReadonlyMap<string, Tensor> {
  const bias = tensors.get('b');
  return bias ? new Map([...tensors, ['b_dec', bias]]) : tensors;
}

const qwenName = /^layer_?(\d+)\.sae$/;

const qwenConfig = z.looseObject({
  base_model: z.nullish(z.string()),
  hook_point: z.nullish(z.string()),
  d_model: z.nullish(z.int()),
  d_sae: z.nullish(z.int()),
  k: z.nullish(z.number()),
});

type QwenConfig = z.infer<typeof qwenConfig>;

/**
 * Qwen Scope, converted: `layer3.sae.safetensors` with `W_dec [width, features]`, as its biases prove, and one
 * `config.json` for all layers.
 */
export const qwenScope: Layout = {
  name: 'Qwen Scope',
  looksFor: 'layerN.sae.safetensors',
  mayBe: ({ name }) => isNamed(name, qwenName),
  decoder: (weights) => tensorOf(weights, 'W_enc', 2) && tensorOf(weights, 'W_dec', 2),
  async read(weights, decoder) {
    const layer = qwenName.exec(weights.name.replace(/\.[^.]+$/, ''))?.[1];
    const from = 'config.json';
    const { base_model, hook_point, d_model, d_sae, k } = await readQwenConfig(weights, from);
    const parts = {
      layout: 'Qwen Scope',
      kind: 'sae',
      model: known(base_model, from),
      layer: known(layer === undefined ? undefined : Number(layer), `file ${weights.name}`),
      hook: known(hook_point?.startsWith('resid_') ? `blocks.${layer}.hook_${hook_point}` : undefined, from),
      facts: { k },
      says: { from, features: d_sae ?? undefined, width: d_model ?? undefined },
    } as const;
    return [assemble(weights, decoder, undefined, parts)];
  },
};

/** Returns nothing if the config is missing or of something else, as of the model: the file's name says enough without it. */
async function readQwenConfig({ folder, beside }: Weights, name: string): Promise<QwenConfig> {
  if (!beside.has(name)) return {};
  const config = await readJsonConfig(join(folder, name), qwenConfig).catch((error: unknown): QwenConfig => {
    if (error instanceof AppError && error.code === 'config_invalid') return {};
    throw error;
  });
  return config.hook_point || config.d_sae ? config : {};
}

const hookZConfig = z.looseObject({
  act_name: z.nullish(z.string()),
  model_name: z.nullish(z.string()),
  act_size: z.nullish(z.int()),
  dict_size: z.nullish(z.int()),
});

const configBeside = (name: string) => `${name.replace(/\.[^.]+$/, '')}_cfg.json`;

/** SAEs of attention outputs (Connor Kissane, Rob Krzyzanowski), converted: `NAME.safetensors` beside `NAME_cfg.json`. */
export const hookZ: Layout = {
  name: 'attention SAE',
  looksFor: 'NAME.safetensors beside NAME_cfg.json',
  mayBe: ({ name, beside }) => isNamed(name, /./) && beside.has(configBeside(name)),
  decoder: (weights) => tensorOf(weights, 'W_dec', 2),
  async read(weights, decoder) {
    const from = configBeside(weights.name);
    const { act_name, act_size, dict_size, model_name } = await readJsonConfig(join(weights.folder, from), hookZConfig);
    const parts = {
      layout: 'attention SAE',
      kind: 'sae',
      model: known(model_name, from),
      ...knownHooks(from, act_name),
      says: { from, features: dict_size ?? undefined, width: act_size ?? undefined },
    } as const;
    return [assemble(weights, decoder, rows('W_dec'), parts)];
  },
};
