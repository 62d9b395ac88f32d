import { present } from '../present.ts';
import * as z from '../schema.ts';
import { readJsonConfig } from './json-config.ts';

/** The contents of a SAELens `cfg.json` of either generation. */
export interface SaelensConfig {
  readonly architecture: string;
  readonly inputWidth?: number;
  readonly outputWidth?: number;
  readonly features?: number;
  readonly modelName?: string;
  readonly hookName?: string;
  readonly hookNameOut?: string;
  readonly hookLayer?: number;
  readonly neuronpediaId?: string;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

const text = z.nullish(z.string());
const integer = z.nullish(z.int().check(z.nonnegative()));

const named = z.looseObject({
  model_name: text,
  hook_name: text,
  hook_name_out: text,
  hf_hook_name: text,
  hf_hook_name_out: text,
  hook_layer: integer,
  hook_head_index: integer,
  neuronpedia_id: text,
});

/**
 * Flat before SAELens 6.0 (older files say `hook_point`). Since then nested under `metadata`, with no field for the layer.
 */
const schema = z.extend(named, {
  architecture: text,
  d_in: integer,
  d_out: integer,
  d_sae: integer,
  expansion_factor: z.nullish(z.number()),
  activation_fn_str: text,
  activation_fn: text,
  hook_point: text,
  // Training configs of 2024 may list the only layer.
  hook_point_layer: z.nullish(z.union([z.int().check(z.nonnegative()), z.array(z.int().check(z.nonnegative()))])),
  hook_point_head_index: integer,
  // A training config may hold a fraction.
  k: z.nullish(z.number()),
  activation_fn_kwargs: z.nullish(z.looseObject({ k: z.nullish(z.number()) })),
  dtype: text,
  normalize_activations: z.nullish(z.union([z.string(), z.boolean()])),
  metadata: z.nullish(named),
});

/** Reads a `cfg.json`. Errors: file_not_found, file_unreadable, config_invalid. */
export async function readSaelensConfig(path: string): Promise<SaelensConfig> {
  const config = await readJsonConfig(path, schema);
  const nested = config.metadata ?? {};
  const hookLayer = nested.hook_layer ?? config.hook_layer ?? onlyOf(config.hook_point_layer);
  const fields = {
    architecture: architectureOf(config),
    inputWidth: config.d_in,
    outputWidth: config.d_out,
    features: config.d_sae ?? expanded(config.d_in, config.expansion_factor),
    modelName: nested.model_name ?? config.model_name,
    hookName: atLayer(
      nested.hook_name ?? config.hook_name ?? config.hook_point ?? nested.hf_hook_name ?? config.hf_hook_name,
      hookLayer,
    ),
    hookNameOut: atLayer(
      nested.hook_name_out ?? config.hook_name_out ?? nested.hf_hook_name_out ?? config.hf_hook_name_out,
      hookLayer,
    ),
    hookLayer,
    neuronpediaId: nested.neuronpedia_id ?? config.neuronpedia_id,
    facts: present({
      architecture: architectureOf(config),
      k: config.k ?? config.activation_fn_kwargs?.k,
      normalize_activations: config.normalize_activations,
      hook_head_index: nested.hook_head_index ?? config.hook_head_index ?? config.hook_point_head_index,
    }),
  };
  return present(fields) as unknown as SaelensConfig;
}

/** Puts the layer into a hook's name that has a place for it. Undefined if the layer is not known. */
function atLayer(hook: string | null | undefined, layer: number | null | undefined): string | null | undefined {
  if (!hook?.includes('{layer}')) return hook;
  return layer === undefined || layer === null ? undefined : hook.replaceAll('{layer}', String(layer));
}

/** An activation function of `topk` means the topk architecture, even if the config calls it standard. */
function architectureOf(config: z.infer<typeof schema>): string {
  const activation = config.activation_fn_str ?? config.activation_fn;
  if (activation === 'topk') return 'topk';
  return config.architecture ?? 'standard';
}

function expanded(width: number | null | undefined, factor: number | null | undefined): number | undefined {
  return width && factor ? Math.round(width * factor) : undefined;
}

/** Returns the only number of a list, or the number itself. */
function onlyOf(layer: number | readonly number[] | null | undefined): number | undefined {
  if (typeof layer === 'number') return layer;
  return layer?.length === 1 ? layer[0] : undefined;
}
