import { basename, dirname, join } from 'node:path';
import type { Tensor } from '../tensor/tensor.ts';
import { assemble, type Parts } from './assemble.ts';
import { type Clue, configClue } from './axes.ts';
import { crosscoder, type Stored } from './heads.ts';
import { firstFile, knownHooks } from './json-config.ts';
import { isNamed, type Layout, tensorOf, type Weights } from './layout.ts';
import { nothingSaid, type OpenMossConfig, readLmName, readOpenMossConfig } from './openmoss-config.ts';
import { orientationFromName } from './orientation.ts';
import type { Known, Sae } from './sae.ts';

const weightsName = /^sae_weights$/;

/**
 * The current OpenMOSS library (Llama Scope 2): `config.json` beside `sae_weights.safetensors`, a name SAELens uses too.
 * `W_D` is `[features, width]`, or `[heads, features, width]` for a crosscoder, whose config lists one hook per head.
 */
export const openMoss: Layout = {
  name: 'OpenMOSS',
  looksFor: 'sae_weights.safetensors beside config.json',
  config: 'config.json',
  mayBe: ({ name, beside }) => isNamed(name, weightsName) && beside.has('config.json'),
  decoder: (weights) => tensorOf(weights, 'W_D', 2) ?? tensorOf(weights, 'W_D', 3),
  async read(weights, decoder) {
    const config = await readOpenMossConfig(join(weights.folder, 'config.json'));
    const model = await readLmName(weights.folder);
    if (decoder.shape.length === 3) return readHeads(weights, decoder, config, model);
    const stored = { value: 'rows' as const, from: 'OpenMOSS stores W_D [features, width]' };
    return [assemble(weights, decoder, stored, partsOf('OpenMOSS', config, model))];
  },
};

/**
 * Llama Scope 1 (`hyperparams.json`, `checkpoints/final.safetensors`) and its R1-Distill SAEs (`config.json`,
 * `sae_weights.safetensors`): torch Linear layers, so the decoder is `decoder.weight [width, features]`.
 */
export const llamaScope: Layout = {
  name: 'Llama Scope',
  looksFor: 'checkpoints/final.safetensors with hyperparams.json above',
  mayBe: ({ folder, name, beside }) =>
    (isNamed(name, /^(final|pruned)$/) && basename(folder) === 'checkpoints' && !isPrunedFrom(name, beside)) ||
    (isNamed(name, weightsName) && (beside.has('config.json') || beside.has('hyperparams.json'))),
  decoder: (weights) => tensorOf(weights, 'encoder.weight', 2) && tensorOf(weights, 'decoder.weight', 2),
  async read(weights, decoder) {
    const folder = basename(weights.folder) === 'checkpoints' ? dirname(weights.folder) : weights.folder;
    const path = await firstFile(folder, ['hyperparams.json', 'config.json']);
    const config = path === undefined ? nothingSaid : await readOpenMossConfig(path);
    const parts = partsOf('Llama Scope', config, await readLmName(folder));
    return [assemble(weights, decoder, orientationFromName(decoder.name), parts)];
  },
};

/** Whether this is the unpruned file of a pruned run, which keeps both. The OpenMOSS library loads the pruned one. */
function isPrunedFrom(name: string, beside: ReadonlySet<string>): boolean {
  return name.startsWith('final.') && beside.has(name.replace('final.', 'pruned.'));
}

function partsOf(layout: string, config: OpenMossConfig, model: Known<string> | undefined): Parts {
  const { from, hook_point_in: hookIn, features, d_model, facts } = config;
  const hookOut = config.hook_point_out ?? hookIn;
  return {
    layout,
    kind: hookOut === hookIn ? 'sae' : 'transcoder',
    model,
    ...knownHooks(from, hookOut, hookIn),
    facts,
    says: { from, features, width: d_model ?? undefined },
  };
}

const stored: Stored = {
  axes: { headAxis: 0, orientation: 'rows' },
  from: 'OpenMOSS stores W_D [heads, features, width]',
};

/** Reads a crosscoder, whose config lists one hook per head. */
function readHeads(weights: Weights, decoder: Tensor, config: OpenMossConfig, model: Known<string> | undefined): Sae[] {
  const { from, features, d_model, facts } = config;
  const hooks = config.hook_points ?? [];
  const clues: Clue[] = configClue(from, { heads: hooks.length || undefined, features, width: d_model });
  return crosscoder(weights, decoder, stored, clues, (head) => ({
    layout: 'OpenMOSS',
    kind: 'crosscoder',
    model,
    ...knownHooks(from, hooks[head]),
    facts,
  }));
}
