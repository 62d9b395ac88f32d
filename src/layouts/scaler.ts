import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { readInOrder } from '../tensor/numbers.ts';
import { elementCount, label, type Tensor } from '../tensor/tensor.ts';
import { describe } from './describe.ts';
import { isUnreadNumbers } from './unread.ts';

/** Hint for values that no probe can have. */
export const brokenProbe = 'nothing was sent: find out why training produced this value, then train the probe again';

/** What a probe's inputs were scaled by for training: scikit-learn's StandardScaler, or the same done by hand. */
export interface Scaler {
  /** Standard deviations, or their squares if `isVariance`. */
  readonly scale: Tensor;
  readonly isVariance: boolean;
  readonly mean: Tensor | undefined;
  /** An array beside the scale that only a MinMaxScaler has. */
  readonly minimum: Tensor | undefined;
}

/** scikit-learn's name for what inputs are divided by, and those of scripts: a standard deviation or its square. */
const scaleName = /^(.*[._])?scale_?$/;
const spreadName = /^(.*[._])?(?:stds?|stdev|sd|sigma)_?$/;
const varianceName = /^(.*[._])?(?:vars?|variance)_?$/;
const scaleNames = [scaleName, spreadName, varianceName];
const meanName = /^(.*[._])?(?:means?|mu|center)_?$/;
/** scikit-learn's names for what a MinMaxScaler has besides its scale, by which it multiplies. */
const minName = /^(.*[._])?(?:min|data_min|data_max|data_range)_?$/;

/** Whether an unreadable array may be a scaler's. A missing scale or mean is a pickled None; neither is ever complex. */
export function isScaler(name: string, reason: string): boolean {
  if (/pickled|dtype '?[<>=|]?[cC]\d/.test(reason)) return false;
  if (scaleName.test(name) || /(^|[._])mean_?$/.test(name)) return true;
  return [...scaleNames, meanName].some((pattern) => pattern.test(name)) && isUnreadNumbers(reason);
}

/** The tensors of a file that are named like parts of a scaler, with the prefix of each. */
interface Candidates {
  readonly scales: readonly { readonly scale: Tensor; readonly prefix: string; readonly pattern: RegExp }[];
  readonly means: ReadonlyMap<string, Tensor>;
  readonly minima: ReadonlyMap<string, Tensor>;
}

/** By the tensors of each file: a file may hold thousands of probes, and each looks for its scaler. */
const candidates = new WeakMap<TensorFile['tensors'], Candidates>();

function candidatesIn({ tensors }: TensorFile): Candidates {
  const known = candidates.get(tensors);
  if (known) return known;
  const all = [...tensors.values()];
  const scales = scaleNames.flatMap((pattern) =>
    all.flatMap((scale) => {
      const found = pattern.exec(scale.name);
      return found ? [{ scale, prefix: found[1] ?? '', pattern }] : [];
    }),
  );
  const made = { scales, means: byPrefix(all, meanName), minima: byPrefix(all, minName) };
  candidates.set(tensors, made);
  return made;
}

/** Returns the first tensor of each prefix whose name fits a pattern. */
function byPrefix(tensors: readonly Tensor[], pattern: RegExp): ReadonlyMap<string, Tensor> {
  const found = tensors.flatMap((tensor) => {
    const match = pattern.exec(tensor.name);
    return match ? [[match[1] ?? '', tensor] as const] : [];
  });
  return new Map(found.reverse());
}

/**
 * Finds what a StandardScaler stores, under any prefix: `scale`, `scale_`, `scaler.scale_`, … and the mean of the same
 * prefix. Failing that, `std`, `sd`, `sigma` or a variance with as many values as the probe is wide, if its prefix does not
 * make it the spread of the weights (`coef_std`).
 */
export function findScaler(file: TensorFile, weights: Tensor): Scaler | undefined {
  const { scales, means, minima } = candidatesIn(file);
  for (const { scale, prefix, pattern } of scales) {
    const mean = means.get(prefix);
    const isOfInputs =
      prefix === '' ||
      /scal/i.test(prefix) ||
      (mean !== undefined && weights.name.replace(/_$/, '') !== stemOf(prefix));
    const fits = elementCount(scale.shape) === widthOf(weights) && isOfInputs;
    if (scale !== weights && (pattern === scaleName || fits)) {
      return { scale, isVariance: pattern === varianceName, mean, minimum: minima.get(prefix) };
    }
  }
  return undefined;
}

const stemOf = (prefix: string) => prefix.slice(0, -1);

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

/** Throws because there is nothing to divide out, although the user says so. Error: tensor_not_found. */
export function refuseWithoutScaler(weights: Tensor): never {
  throw new AppError('tensor_not_found', `${label(weights)}: there is no scaler beside it to divide out`, {
    hints: [
      "save it in the same file as scale and mean; if there was none, leave --raw-space out: the direction applies to the model's own activations as it is",
    ],
  });
}

/**
 * Divides a scaler out of a direction and its bias: coef / scale, intercept − Σ coef·mean / scale.
 * Errors: not_finite, layout_unknown, format_unsupported (BatchNorm, MinMaxScaler).
 */
export async function unscale(
  { scale, isVariance, mean, minimum }: Scaler,
  coefficients: Float64Array,
  bias: number | undefined,
): Promise<{ coefficients: Float64Array; bias: number | undefined }> {
  const width = coefficients.length;
  if (batchVariance.test(scale.name)) throw batchNorm(scale);
  // A MinMaxScaler has no mean.
  if (minimum && !mean && elementCount(minimum.shape) === elementCount(scale.shape)) throw minMax(scale, minimum);
  const stored = await readAlong(scale, width);
  // scikit-learn divides inputs that do not vary by 1.
  const scales = isVariance ? stored.map((value) => (value === 0 ? 1 : Math.sqrt(value))) : stored;
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

function minMax(scale: Tensor, minimum: Tensor): AppError {
  const shown = `${label(minimum)}: shows that "${scale.name}" is that of a MinMaxScaler, which multiplies by it`;
  return new AppError('format_unsupported', shown, {
    hints: [
      'save coef * scale_ as coef and intercept + (coef * min_).sum() as intercept, without the scaler; or use --as-stored',
    ],
  });
}

async function readAlong(tensor: Tensor, width: number): Promise<Float64Array> {
  if (elementCount(tensor.shape) === width) return readInOrder(tensor);
  throw new AppError('layout_unknown', `${label(tensor)}: expected ${width} values, found ${describe(tensor)}`, {
    hints: ['the scaler and the probe were made for different inputs'],
  });
}
