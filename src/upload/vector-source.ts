import type { VectorDestination } from './server.ts';

/** The source that servers store a vector under: one for each place in the model, whoever owns the vector. */
export function vectorSource(layer: number, hookType: VectorDestination['hookType']): string {
  return `${layer}-neuronpedia-${hookType === 'hook_resid_pre' ? 'resid-pre' : 'resid-post'}`;
}
