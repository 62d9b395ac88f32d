import { matrixOf, type Orientation, type Tensor } from '../tensor/tensor.ts';
import type { Known } from './sae.ts';

/** No hook of any model is wider. More means damage, or a mistaken axis along which a large file takes hours to read. */
export const widestVector = 1 << 16;

/** Biases that are as long as a decoder vector. */
export const widthBiases = ['b_dec', 'decoder.bias', 'bias', 'decoder_bias', 'b_D', 'decoder_linear.bias', 'dec.bias'];
/** Biases with one value per feature. */
export const encoderBiases = ['b_enc', 'encoder.bias', 'b_E', 'encoder_linear.bias', 'enc.bias'];
/** Those, and the gates and thresholds that have one value per feature if they are vectors at all. */
const featureBiases = [
  ...encoderBiases,
  'b_gate',
  'b_mag',
  'r_mag',
  'gate_bias',
  'mag_bias',
  'threshold',
  'log_jumprelu_threshold',
  'activation_function.log_jumprelu_threshold',
  'activation_function.threshold',
];

/** What the 1-D tensors beside a decoder prove: which axis counts features, or that neither fits (`conflict`). */
export type Proof = Known<Orientation> | { readonly conflict: string } | undefined;

/**
 * Settles which axis of a decoder counts features from the biases stored beside it: the decoder bias is as long as a
 * vector, the encoder bias has one value per feature. Undefined if there are none, or if the matrix is square.
 */
export function orientationFromBiases(decoder: Tensor, tensors: ReadonlyMap<string, Tensor>): Proof {
  // Just `bias` may belong to anything, but for dictionary_learning, whose Linear decoder has none of its own.
  const isOwn = decoder.name.endsWith('decoder.weight') && !tensors.has('decoder.bias');
  const widths = isOwn ? widthBiases : widthBiases.filter((name) => name !== 'bias');
  const clues = [...lengths(tensors, widths, 'width'), ...lengths(tensors, featureBiases, 'rows')];
  if (clues.length === 0) return undefined;
  const fitting = (['rows', 'columns'] as const).filter((orientation) => {
    const matrix = matrixOf(decoder, orientation);
    return clues.every((clue) => matrix[clue.side] === clue.length);
  });
  const said = clues.map((clue) => `${clue.name} has ${clue.length} values`).join(', ');
  if (fitting.length === 0) {
    return { conflict: `shape [${decoder.shape}] fits the biases in neither orientation: ${said}` };
  }
  return fitting.length === 1 ? { value: fitting[0] as Orientation, from: said } : undefined;
}

function lengths(tensors: ReadonlyMap<string, Tensor>, names: readonly string[], side: 'width' | 'rows') {
  return names.flatMap((name) => {
    const tensor = tensors.get(name);
    // A single threshold may apply to all features.
    const isGlobal = name.endsWith('threshold') && tensor?.shape[0] === 1;
    return tensor?.shape.length === 1 && !isGlobal ? [{ name, side, length: tensor.shape[0] as number }] : [];
  });
}

/** Settles the orientation from the width that vectors must have. Undefined if both axes or neither have it. */
export function orientationFromWidth(decoder: Tensor, width: number, from: string): Known<Orientation> | undefined {
  const [height, breadth] = decoder.shape;
  if (height === breadth) return undefined;
  if (breadth === width) return { value: 'rows', from };
  if (height === width) return { value: 'columns', from };
  return undefined;
}

/** Settles the orientation by name: a Linear layer of torch stores [out, in], so `decoder.weight` is [width, features]. */
export function orientationFromName(name: string): Known<Orientation> | undefined {
  const linear = /(?:^|\.)dec(?:oder)?(?:_linear)?\.weight$/.test(name);
  return linear ? { value: 'columns', from: `torch stores ${name} [width, features]` } : undefined;
}
