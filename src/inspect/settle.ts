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

/** Which way up a decoder is, and why; `from` is null where it is only assumed. */
export interface Settled {
  readonly value: Orientation;
  readonly from: string | null;
}

/** The width that vectors must have by what an SAE says of its model and hook; undefined where it says too little. */
export function residualWidth(sae: Sae, models: readonly ModelWidth[]): ModelWidth | undefined {
  if (!sae.model || (sae.hook && !parseHook(sae.hook.value).residual)) return undefined;
  const id = neuronpediaModelId(sae.model.value);
  return models.find((model) => model.id === id);
}

/**
 * Settles which axis of a 2-D decoder counts features: what was said, what its files prove, or its model's width.
 * Where none does, it is assumed, so that there is something to look at: vectors are as wide as some model, or, where
 * both axes or neither are, the longer axis counts features.
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
