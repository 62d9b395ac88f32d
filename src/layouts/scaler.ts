import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { readInOrder } from '../tensor/numbers.ts';
import { elementCount, label, type Tensor } from '../tensor/tensor.ts';
import { describe } from './describe.ts';

/** Hint for values that no probe can have. */
export const brokenProbe = 'nothing was sent: find out why training produced this value, then train the probe again';

/** What a probe's inputs were scaled by for training: scikit-learn's StandardScaler, or the same done by hand. */
export interface Scaler {
  /** Standard deviations, or their squares if `isVariance`. */
  readonly scale: Tensor;
  readonly isVariance: boolean;
  readonly mean: Tensor | undefined;
}

/** Names that StandardScaler and people give to what inputs are divided by, the most telling first. */
const scaleNames = [/^(.*[._])?scale_?$/, /^(.*[._])?(?:std|stdev|sd|sigma)_?$/, /^(.*[._])?(?:var|variance)_?$/];
const [scaleName, , varianceName] = scaleNames as [RegExp, RegExp, RegExp];
const meanName = /(^|[._])(mean|mu)_?$/;

/** Whether an unreadable array may be a scaler's. A missing scale or mean is a pickled None; neither is ever complex. */
export function isScaler(name: string, reason: string): boolean {
  const isNamedSo = [...scaleNames, meanName].some((pattern) => pattern.test(name));
  return isNamedSo && !/pickled|dtype '?[<>=|]?[cC]\d/.test(reason);
}

/**
 * Finds what a StandardScaler stores, under any prefix: `scale`, `scale_`, `scaler.scale_`, … or `std`, `sd`, `sigma` or
 * a variance with as many values as the probe is wide, and the mean of the same prefix.
 */
export function findScaler(file: TensorFile, weights: Tensor): Scaler | undefined {
  const others = [...file.tensors.values()].filter((tensor) => tensor !== weights);
  for (const pattern of scaleNames) {
    for (const scale of others) {
      const found = pattern.exec(scale.name);
      // Names other than scikit-learn's are common for other things, such as the spread of an accuracy.
      if (!found || (pattern !== scaleName && elementCount(scale.shape) !== widthOf(weights))) continue;
      const mean = others.find(({ name }) => meanName.test(name) && name.replace(meanName, '$1') === (found[1] ?? ''));
      return { scale, isVariance: pattern === varianceName, mean };
    }
  }
  return undefined;
}

/** Returns the width of a probe, which may be stored as a column. */
function widthOf({ shape }: Tensor): number | undefined {
  return shape.at(-1) === 1 ? shape[0] : shape.at(-1);
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
 * Errors: not_finite, layout_unknown, format_unsupported (BatchNorm).
 */
export async function unscale(
  { scale, isVariance, mean }: Scaler,
  coefficients: Float64Array,
  bias: number | undefined,
): Promise<{ coefficients: Float64Array; bias: number | undefined }> {
  const width = coefficients.length;
  if (batchVariance.test(scale.name)) throw batchNorm(scale);
  const stored = await readAlong(scale, width);
  const scales = isVariance ? stored.map(Math.sqrt) : stored;
  const means = mean ? await readAlong(mean, width) : new Float64Array(width);
  const zero = scales.findIndex((value) => !(value > 0));
  if (zero >= 0) {
    throw new AppError('not_finite', `${label(scale)}: value ${zero} is ${stored[zero]}; a scale is above 0`, {
      hints: [brokenProbe],
    });
  }
  const raw = coefficients.map((value, i) => value / (scales[i] as number));
  const shift = raw.reduce((sum, value, i) => sum + value * (means[i] as number), 0);
  return { coefficients: raw, bias: bias === undefined && !mean ? undefined : (bias ?? 0) - shift };
}

/** torch's name for the variance in a BatchNorm layer. */
const batchVariance = /running_var$/;

function batchNorm(variance: Tensor): AppError {
  return new AppError('format_unsupported', `${label(variance)}: a BatchNorm layer, which cannot be divided out here`, {
    hints: [
      'it also adds an epsilon and has a weight and bias of its own: fold them into the probe in Python and save weight and bias, or use --as-stored',
    ],
  });
}

async function readAlong(tensor: Tensor, width: number): Promise<Float64Array> {
  if (elementCount(tensor.shape) === width) return readInOrder(tensor);
  throw new AppError('layout_unknown', `${label(tensor)}: expected ${width} values, found ${describe(tensor)}`, {
    hints: ['the scaler and the probe were made for different inputs'],
  });
}
