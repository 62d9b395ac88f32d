import { join } from 'node:path';
import { assemble } from './assemble.ts';
import { parseHook, transformerLensHook } from './hook.ts';
import { known, readConfigText } from './json-config.ts';
import { isNamed, type Layout, tensorOf, type Weights } from './layout.ts';
import { readYamlScalars } from './yaml-scalars.ts';

const fileName = /^layer_?(\d+)$/;

/**
 * circuit-tracer's transcoders: `layer_0.safetensors`, `layer_1.safetensors`, … beside one `config.yaml`. `W_enc` is
 * `[features, width]`, the transpose of what other layouts store. `W_dec` is `[features, width]` too, but
 * `[width, features]` in the first upload for Llama-3.2-1B, under the same names: only the biases tell them apart.
 */
export const circuitTracer: Layout = {
  name: 'circuit-tracer',
  looksFor: 'layer_N.safetensors',
  mayBe: ({ name }) => isNamed(name, fileName),
  decoder: (weights) => tensorOf(weights, 'W_enc', 2) && tensorOf(weights, 'W_dec', 2),
  async read(weights, decoder) {
    const from = 'config.yaml';
    const { config, fileOf } = await readConfig(weights, from);
    const layer = Number(fileName.exec(weights.name.replace(/\.[^.]+$/, ''))?.[1]);
    const hook = (name: string | undefined) => known(name && hookAt(layer, name), from);
    const sae = assemble(weights, decoder, undefined, {
      layout: 'circuit-tracer',
      kind: isTracers(weights) ? 'transcoder' : 'sae',
      model: known(config.get('model_name'), from),
      layer: { value: layer, from: `file ${weights.name}` },
      hook: hook(config.get('feature_output_hook')),
      hookIn: hook(config.get('feature_input_hook')),
      facts: { activation: config.get('activation') },
      says: {
        from: fileOf.get('d_feature.value') ?? from,
        features: whole(config.get('d_feature.value')),
        width: whole(config.get('d_model.value')),
      },
    });
    return [sae];
  },
};

/**
 * Whether circuit-tracer wrote the file, and not somebody who called the SAEs of several layers the same. Its `W_enc` is
 * `[features, width]`, and there is a feature for each value of `b_enc`.
 */
function isTracers({ beside, tensors }: Weights): boolean {
  const features = tensors.get('b_enc')?.shape[0];
  return beside.has('config.yaml') || features === undefined || tensors.get('W_enc')?.shape[0] === features;
}

/** Reads the config, and the second file that wandb writes: sizes are there, if anywhere. */
async function readConfig(
  { folder, beside }: Weights,
  name: string,
): Promise<{ config: ReadonlyMap<string, string>; fileOf: ReadonlyMap<string, string> }> {
  const config = new Map<string, string>();
  const fileOf = new Map<string, string>();
  for (const file of [name, 'wandb-config.yaml', 'wanb-config.yaml']) {
    if (!beside.has(file)) continue;
    for (const [key, value] of readYamlScalars(await readConfigText(join(folder, file)))) {
      if (config.has(key)) continue;
      config.set(key, value);
      fileOf.set(key, file);
    }
  }
  return { config, fileOf };
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** Returns the full hook name: configs leave the block out, or write `{layer}` or `*` for its number. */
function hookAt(layer: number, name: string): string {
  const hook = name.replace(/\{layer\}|\*/, String(layer));
  if (hook.startsWith('blocks.')) return hook;
  return parseHook(hook).layer === undefined ? `blocks.${layer}.${hook}` : transformerLensHook(hook);
}
