import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { safetensorsOf } from '../fixtures.ts';
import { fixture, tinySae } from './fixtures.ts';

const width = 2304;

/** Writes the files that the README's table about the upload page names. */
export function writePageFiles(folder: string): void {
  const put = (name: string, content: Uint8Array | string) => writeFileSync(join(folder, name), content);
  const copy = (from: string, to: string) => cpSync(fixture(from), join(folder, to), { recursive: true });
  copy('vectors/random-768-f32.npy', 'refusal.npy');
  const bytes = readFileSync(fixture('vectors/random-768-f32.npy'));
  const values = new Float32Array(Uint8Array.from(bytes.subarray(bytes.length - 768 * 4)).buffer);
  put('refusal.json', JSON.stringify([...values]));
  put('texts.jsonl', '{"tokens":["a"," king","s"],"values":[0,2,1]}\n{"tokens":[" no"],"values":[0.5]}\n');
  cpSync(tinySae, join(folder, 'my-sae'), { recursive: true });
  copy('sae-tiny/activations.jsonl', 'acts.jsonl');
  copy('feature-data/facts.jsonl', 'features.jsonl');
  copy('feature-data/row_3.npy', 'feature.npy');
  copy('sae-tiny-encodings/W_dec.npy', 'W_dec.npy');
  copy('probes/sklearn-binary.npz', 'probe.npz');
  for (const layer of [0, 1, 2]) copy('sae-tiny/activations.jsonl', `acts-${layer}.jsonl`);
  for (const layer of [0, 1, 2]) writeLayer(join(folder, 'every-layer', `layer_${layer}`), layer);
  writeCrosscoder(join(folder, 'my-crosscoder'));
  writeTranscoder(join(folder, 'my-transcoder'));
}

function writeLayer(folder: string, layer: number): void {
  cpSync(tinySae, folder, { recursive: true });
  const config = JSON.parse(readFileSync(join(tinySae, 'cfg.json'), 'utf8'));
  config.metadata.hook_name = `blocks.${layer}.hook_resid_post`;
  writeFileSync(join(folder, 'cfg.json'), JSON.stringify(config));
}

/** Writes a crosscoder with two heads of five features, as the forks of dictionary_learning save it. */
function writeCrosscoder(folder: string): void {
  mkdirSync(folder);
  const shapes = { 'decoder.weight': [2, 5, width], 'decoder.bias': [2, width], 'encoder.bias': [5] };
  writeFileSync(join(folder, 'model.safetensors'), safetensorsOf({ ...shapes, 'encoder.weight': [2, width, 5] }));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ activation_dim: width, dict_size: 5, num_layers: 2 }));
}

/** Writes a transcoder with four features, as SAELens saves it. */
function writeTranscoder(folder: string): void {
  mkdirSync(folder);
  const shapes = { W_dec: [4, width], W_enc: [width, 4], b_dec: [width], b_enc: [4] };
  writeFileSync(join(folder, 'sae_weights.safetensors'), safetensorsOf(shapes));
  const metadata = {
    sae_lens_version: '6.18.0',
    model_name: 'gemma-2-2b',
    hook_name: 'blocks.13.ln2.hook_normalized',
    hook_name_out: 'blocks.13.hook_mlp_out',
  };
  const config = { architecture: 'transcoder', d_in: width, d_out: width, d_sae: 4, metadata };
  writeFileSync(join(folder, 'cfg.json'), JSON.stringify(config));
}
