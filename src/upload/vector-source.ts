import { AppError } from '../errors.ts';
import type { VectorDestination } from './server.ts';

/** A place at which servers keep single directions. */
export type VectorHook = 'resid-pre' | 'resid-post';

/**
 * Reads the hook of a vector or probe. Also takes the spellings of TransformerLens: `resid_post`, `hook_resid_post` and
 * `blocks.6.hook_resid_post`, if 6 is the layer. Error: usage.
 */
export function vectorHook(typed: string, layer: number | undefined): VectorHook {
  const hook = typed
    .replace(`blocks.${layer}.`, '')
    .replaceAll('_', '-')
    .replace(/^hook-/, '');
  if (hook === 'resid-pre' || hook === 'resid-post') return hook;
  throw new AppError('usage', `--hook "${typed}": a vector or probe can only be uploaded at resid-pre or resid-post`, {
    hints: ['directions at other hooks can be uploaded as features: neuronpedia upload-sae'],
  });
}

/** The source that servers store a vector under: one for each place in the model, whoever owns the vector. */
export function vectorSource(layer: number, hookType: VectorDestination['hookType']): string {
  return `${layer}-neuronpedia-${hookType === 'hook_resid_pre' ? 'resid-pre' : 'resid-post'}`;
}
