import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { readInOrder } from '../tensor/numbers.ts';
import { elementCount, label, type Tensor } from '../tensor/tensor.ts';
import { describe } from './describe.ts';

/** Hint for values that no probe can have. */
export const brokenProbe = 'nothing was sent: find out why training produced this value, then train the probe again';

/** What a probe's inputs were scaled by for training: scikit-learn's StandardScaler. */
export interface Scaler {
  readonly scale: Tensor;
  readonly mean: Tensor | undefined;
}

const scaleName = /(^|[._])scale_?$/;
const meanName = /(^|[._])mean_?$/;

/** Whether an unreadable array may be a scaler's. A missing scale or mean is a pickled None; neither is ever complex. */
export function isScaler(name: string, reason: string): boolean {
  return (scaleName.test(name) || meanName.test(name)) && !/pickled|dtype '?[<>=|]?[cC]\d/.test(reason);
}

/** Finds what StandardScaler stores, under any prefix: `scale`, `scale_`, `scaler.scale_`, … and the mean. */
export function findScaler(file: TensorFile, weights: Tensor): Scaler | undefined {
  for (const scale of file.tensors.values()) {
    if (scale === weights || !scaleName.test(scale.name)) continue;
    return { scale, mean: file.tensors.get(scale.name.replace(/scale(_?)$/, 'mean$1')) };
  }
  return undefined;
}

/** Returns what a probe's inputs were divided by, if its file has it. */
export function scalerOf(file: TensorFile, weights: Tensor): Tensor | undefined {
  return findScaler(file, weights)?.scale;
}

/** Throws because the user has not chosen how to handle the scaler. Error: option_missing. */
export function askForScaling(scale: Tensor): never {
  throw new AppError('option_missing', `${label(scale)}: this probe was trained on scaled features`, {
    hints: [
      "--raw-space divides the scaler out, so that the direction applies to the model's own activations: coef / scale, with the bias adjusted to match",
      '--as-stored uploads the numbers as they are',
    ],
    details: { missing: 'rawSpace' },
  });
}

/**
 * Divides a scaler out of a direction and its bias: coef / scale, intercept − Σ coef·mean / scale.
 * Errors: not_finite, layout_unknown.
 */
export async function unscale(
  { scale, mean }: Scaler,
  coefficients: Float64Array,
  bias: number | undefined,
): Promise<{ coefficients: Float64Array; bias: number | undefined }> {
  const width = coefficients.length;
  const scales = await readAlong(scale, width);
  const means = mean ? await readAlong(mean, width) : new Float64Array(width);
  const zero = scales.findIndex((value) => !(value > 0));
  if (zero >= 0) {
    throw new AppError('not_finite', `${label(scale)}: value ${zero} is ${scales[zero]}; a scale is above 0`, {
      hints: [brokenProbe],
    });
  }
  const raw = coefficients.map((value, i) => value / (scales[i] as number));
  const shift = raw.reduce((sum, value, i) => sum + value * (means[i] as number), 0);
  return { coefficients: raw, bias: bias === undefined && !mean ? undefined : (bias ?? 0) - shift };
}

async function readAlong(tensor: Tensor, width: number): Promise<Float64Array> {
  if (elementCount(tensor.shape) === width) return readInOrder(tensor);
  throw new AppError('layout_unknown', `${label(tensor)}: expected ${width} values, found ${describe(tensor)}`, {
    hints: ['the scaler and the probe were made for different inputs'],
  });
}
