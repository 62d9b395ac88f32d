import { basename, dirname, join, sep } from 'node:path';
import { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import { assemble, type Parts } from './assemble.ts';
import { parseHook, transformerLensHook } from './hook.ts';
import { firstFile, known, readJsonConfig } from './json-config.ts';
import { isNamed, type Layout, tensorOf, type Weights } from './layout.ts';
import { orientationFromName } from './orientation.ts';

const schema = z.looseObject({
  expansion_factor: z.nullish(z.number()),
  num_latents: z.nullish(z.int().check(z.nonnegative())),
  k: z.nullish(z.number()),
  d_in: z.nullish(z.int().check(z.positive())),
  activation: z.nullish(z.string()),
  signed: z.nullish(z.boolean()),
  transcode: z.nullish(z.boolean()),
  skip_connection: z.nullish(z.boolean()),
});

type Config = z.infer<typeof schema>;

/** A run's own config, the only file of the run that names the model, and at times the only one that tells transcoders. */
const runSchema = z.looseObject({
  model: z.nullish(z.string()),
  // Other trainers write other things under these names.
  transcode: z.nullish(z.unknown()),
  sae: z.nullish(z.unknown()),
});

/**
 * EleutherAI's sparsify: `<run>/<hookpoint>/{cfg.json, sae.safetensors}`, with seeds one folder deeper. `cfg.json` has
 * neither model nor layer: the model is in the run's `config.json`, the layer in the name of the folder.
 */
export const sparsify: Layout = {
  name: 'sparsify',
  looksFor: 'sae.safetensors beside cfg.json',
  config: 'cfg.json',
  mayBe: ({ name, beside }) => isNamed(name, /^sae$/) && beside.has('cfg.json'),
  decoder(weights) {
    const decoder = tensorOf(weights, 'W_dec', 2) ?? tensorOf(weights, 'decoder.weight', 2);
    if (decoder || !weights.tensors.has('encoder.weight')) return decoder;
    if ([...weights.tensors.keys()].some((name) => name.startsWith('W_decs.'))) return undefined;
    throw new AppError('layout_unknown', `${weights.file.path}: holds an encoder only; there is no decoder to upload`);
  },
  async read(weights, decoder) {
    const config = await readJsonConfig(join(weights.folder, 'cfg.json'), schema);
    const rows = { value: 'rows' as const, from: 'sparsify stores W_dec [features, width]' };
    return [assemble(weights, decoder, orientationFromName(decoder.name) ?? rows, await partsOf(weights, config))];
  },
};

async function partsOf(weights: Weights, config: Config): Promise<Parts> {
  const hookpoint = hookpointOf(weights.folder);
  const at = `folder ${hookpoint}`;
  const older = /^layer_(\d+)$/.exec(hookpoint)?.[1];
  const { layer } = parseHook(hookpoint);
  const { k, expansion_factor, activation, signed, skip_connection, d_in } = config;
  const run = await readRun(weights.folder);
  // Only transcoders have a skip connection, and their first configs say no more than that.
  const skips = skip_connection || weights.tensors.has('W_skip');
  const transcodes = config.transcode ?? run?.transcode ?? skips;
  // A transcoder may write vectors of a different width from those that it reads.
  const width = transcodes ? undefined : (d_in ?? undefined);
  return {
    layout: 'sparsify',
    kind: transcodes ? 'transcoder' : 'sae',
    model: run && known(run.model, run.from),
    layer: known(older === undefined ? layer : Number(older), at),
    hook: layer === undefined ? undefined : known(transformerLensHook(hookpoint), at),
    facts: { k, expansion_factor, activation, signed, skip_connection },
    says: { from: 'cfg.json', features: featuresOf(config), width },
  };
}

/** Without `num_latents` (or with 0), the expansion factor determines the number of features. */
function featuresOf({ num_latents, expansion_factor, d_in }: Config): number | undefined {
  if (num_latents) return num_latents;
  return expansion_factor && d_in ? Math.round(expansion_factor * d_in) : undefined;
}

/** Returns the hookpoint in a path: `layers.10` for `run/layers.10/seed0`. */
function hookpointOf(folder: string): string {
  const name = basename(folder);
  return /^seed_?\d+$/.test(name) ? basename(dirname(folder)) : name;
}

interface SparsifyRun {
  readonly model: string | null | undefined;
  readonly transcode: boolean | undefined;
  readonly from: string;
}

async function readRun(folder: string): Promise<SparsifyRun | undefined> {
  const path = await firstFile(folder, [join('..', 'config.json'), join('..', '..', 'config.json')]);
  if (path === undefined) return undefined;
  const { model, transcode, sae } = await readJsonConfig(path, runSchema);
  const said = [transcode, (sae as { transcode?: unknown } | null | undefined)?.transcode];
  const known = said.find((one): one is boolean => typeof one === 'boolean');
  return { model, transcode: known, from: path.split(sep).slice(-2).join('/') };
}
