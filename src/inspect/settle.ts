import { parseHook } from '../layouts/hook.ts';
import { neuronpediaModelId } from '../layouts/model-names.ts';
import { orientationFromWidth } from '../layouts/orientation.ts';
import type { Sae } from '../layouts/sae.ts';
import type { Orientation } from '../tensor/tensor.ts';

/** A model by its Neuronpedia id, with the width of its residual stream. */
export interface ModelWidth {
  readonly id: string;
  readonly dimension: number;
}

/** A decoder's orientation and its source. `from` is null if it is only assumed. */
export interface Settled {
  readonly value: Orientation;
  readonly from: string | null;
}

/** Returns the model whose residual width an SAE's vectors must have, by its model and hook. Undefined if unknown. */
export function residualWidth(sae: Sae, models: readonly ModelWidth[]): ModelWidth | undefined {
  if (!sae.model || (sae.hook && !parseHook(sae.hook.value).residual)) return undefined;
  const id = neuronpediaModelId(sae.model.value);
  return models.find((model) => model.id === id);
}

/**
 * Settles which axis of a 2-D decoder counts features, from what the user states, what its files prove, or the model's
 * width. If none of these decides, it is assumed, to have something to show: vectors are as wide as some known model. If
 * both axes or neither are, the longer one counts features.
 */
export function settleOrientation(sae: Sae, said: Orientation | undefined, models: readonly ModelWidth[]): Settled {
  if (said !== undefined) return { value: said, from: '--orientation' };
  if (sae.orientation) return sae.orientation;
  const model = residualWidth(sae, models);
  const proven = model && orientationFromWidth(sae.decoder, model.dimension, `${model.id} is ${model.dimension} wide`);
  if (proven) return proven;
  const [height, breadth] = sae.decoder.shape as [number, number];
  const isKnown = (width: number) => models.some(({ dimension }) => dimension === width);
  const isRows = isKnown(height) === isKnown(breadth) ? height >= breadth : isKnown(breadth);
  return { value: isRows ? 'rows' : 'columns', from: null };
}
