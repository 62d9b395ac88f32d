import type { VectorDestination } from './server.ts';

/** The source that servers file a vector under: one for each place in the model, whoever it is of. */
export function vectorSource(layer: number, hookType: VectorDestination['hookType']): string {
  return `${layer}-neuronpedia-${hookType === 'hook_resid_pre' ? 'resid-pre' : 'resid-post'}`;
}
