import { join } from 'node:path';
import * as z from '../schema.ts';
import { configClue } from './axes.ts';
import { crosscoder, type Stored } from './heads.ts';
import { known, knownHooks, readJsonConfig } from './json-config.ts';
import { isNamed, type Layout, type Spot, tensorOf } from './layout.ts';

const schema = z.looseObject({
  d_in: z.nullish(z.int()),
  dict_size: z.nullish(z.int()),
  hook_point: z.nullish(z.string()),
  model_name: z.nullish(z.string()),
});

const stored: Stored = {
  axes: { headAxis: 1, orientation: 'rows' },
  from: 'crosscoders of this kind store W_dec [features, heads, width]',
};

/** Returns the config's name: `12_cfg.json` beside save number 12 of a run, or `cfg.json` beside `cc_weights`. */
function configName({ name, beside }: Spot): string | undefined {
  return [`${name.replace(/\.[^.]+$/, '')}_cfg.json`, 'cfg.json'].find((config) => beside.has(config));
}

/**
 * A crosscoder saved by Neel Nanda's or ckkissane's code, then converted: `W_dec [features, heads, width]`, so a
 * feature's vectors lie side by side. Each head is a model; the config names at most one of them.
 */
export const crosscoderNanda: Layout = {
  name: 'ckkissane crosscoder',
  looksFor: 'cc_weights.safetensors beside cfg.json',
  config: 'cfg.json',
  mayBe: (spot) => isNamed(spot.name, /^(cc_weights|\d+)$/) && configName(spot) !== undefined,
  decoder: (weights) => tensorOf(weights, 'W_enc', 3) && tensorOf(weights, 'W_dec', 3),
  async read(weights, decoder) {
    const from = configName(weights) as string;
    const { d_in, dict_size, hook_point, model_name } = await readJsonConfig(join(weights.folder, from), schema);
    const clues = configClue(from, { features: dict_size, width: d_in });
    return crosscoder(weights, decoder, stored, clues, (_, heads) => ({
      layout: 'ckkissane crosscoder',
      kind: 'crosscoder',
      model: heads === 1 ? known(model_name, from) : undefined,
      ...knownHooks(from, hook_point),
      facts: { trained_from: model_name },
    }));
  },
};
