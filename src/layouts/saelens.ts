import { dirname, join } from 'node:path';
import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { matrixOf } from '../tensor/tensor.ts';
import { parseHook, transformerLensHook } from './hook.ts';
import { orientationFromBiases } from './orientation.ts';
import type { Known, Sae } from './sae.ts';
import { readSaelensConfig, type SaelensConfig } from './saelens-config.ts';

/** Names that SAELens gives the two files of an SAE. */
export const saelensFiles = { config: 'cfg.json', weights: 'sae_weights.safetensors' } as const;

/**
 * An SAE or transcoder saved by SAELens: `cfg.json` of either generation beside `sae_weights.safetensors`, whose
 * `W_dec [features, width]` is checked against the biases and the config. Errors: config_invalid, layout_unknown.
 */
export async function readSaelens(path: string, file: TensorFile): Promise<Sae> {
  const config = await readSaelensConfig(join(dirname(file.path), saelensFiles.config));
  const decoder = file.tensors.get('W_dec');
  if (decoder?.shape.length !== 2) {
    const names = [...file.tensors.keys()].join(', ') || 'none';
    throw new AppError(
      'layout_unknown',
      `${file.path}: SAELens keeps the decoder in a 2-D W_dec; found tensors: ${names}`,
    );
  }
  const proof = orientationFromBiases(decoder, file.tensors);
  if (proof && 'conflict' in proof) throw new AppError('layout_unknown', `${file.path}: W_dec of ${proof.conflict}`);
  const orientation = proof ?? { value: 'rows' as const, from: 'SAELens stores W_dec [features, width]' };
  checkAgainstConfig(file.path, config, matrixOf(decoder, orientation.value));
  const kind = config.architecture.includes('transcoder') ? 'transcoder' : 'sae';
  return { path, layout: 'SAELens', kind, decoder, orientation, ...place(config, kind), facts: config.facts, file };
}

function checkAgainstConfig(path: string, config: SaelensConfig, found: { rows: number; width: number }): void {
  const width = config.outputWidth ?? config.inputWidth;
  const complaints: string[] = [];
  if (config.features !== undefined && config.features !== found.rows) {
    complaints.push(`${saelensFiles.config} says ${config.features} features, W_dec has ${found.rows}`);
  }
  if (width !== undefined && width !== found.width) {
    complaints.push(`${saelensFiles.config} says width ${width}, W_dec has ${found.width}`);
  }
  if (complaints.length > 0) {
    throw new AppError('layout_unknown', `${path}: ${complaints.join('; ')}`, {
      hints: ['the two files belong to different SAEs, or one of them is damaged'],
    });
  }
}

/** The decoder of a transcoder writes to another hook than the encoder reads. */
function place(
  config: SaelensConfig,
  kind: Sae['kind'],
): Pick<Sae, 'model' | 'layer' | 'hook' | 'hookIn' | 'neuronpediaId'> {
  const from = saelensFiles.config;
  const hookOut = kind === 'transcoder' ? (config.hookNameOut ?? config.hookName) : config.hookName;
  const layer = config.hookLayer ?? (hookOut === undefined ? undefined : parseHook(hookOut).layer);
  const known = <T>(value: T): Known<T> => ({ value, from });
  return {
    ...(config.modelName !== undefined && { model: known(config.modelName) }),
    ...(layer !== undefined && { layer: known(layer) }),
    ...(hookOut !== undefined && { hook: known(transformerLensHook(hookOut)) }),
    ...(hookOut !== config.hookName &&
      config.hookName !== undefined && { hookIn: known(transformerLensHook(config.hookName)) }),
    ...(config.neuronpediaId !== undefined && { neuronpediaId: config.neuronpediaId }),
  };
}
