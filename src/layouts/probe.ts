import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { readInOrder } from '../tensor/numbers.ts';
import { elementCount, label, type Tensor } from '../tensor/tensor.ts';
import { namedTensor } from './bare.ts';
import { describe } from './describe.ts';
import { type Direction, refuseLong } from './direction.ts';
import { anyNumbers, refuseUnread } from './unread.ts';

/** A linear probe: its direction, and the bias that it decides with where the file has one. */
export interface Probe extends Direction {
  readonly bias?: number;
  /** How many directions the file holds: one for a yes-or-no probe, one a class otherwise. */
  readonly classes: number;
  /** What was done about a scaler: nothing where the file has none. */
  readonly scaling?: 'raw-space' | 'as-stored';
  /** What was taken as 0 in dividing the scaler out, for the file has none. */
  readonly assumed?: 'mean' | 'intercept';
}

export interface ProbeOptions {
  readonly tensor?: string;
  readonly classIndex?: number;
  /** What a file with a scaler is to mean. */
  readonly scaling?: 'raw-space' | 'as-stored';
}

/** Weights and their bias, as scikit-learn (`coef_`, `intercept_`) and torch (`weight`, `bias`) call them. */
const pairs: readonly (readonly [weights: RegExp, bias: string])[] = [
  [/^(.*?)coef(_?)$/, '$1intercept$2'],
  [/^(.*?)weight()$/, '$1bias$2'],
];

/** What the bias beside weights of this name is called; undefined for a name that no weights of a probe have. */
export function biasNameOf(name: string): string | undefined {
  const beside = pairs.find(([pattern]) => pattern.test(name));
  return beside && name.replace(...beside);
}

/**
 * Reads a probe: `coef` (1 or classes × width) and `intercept` of scikit-learn, `weight` and `bias` of torch, or a bare
 * vector. A `scale` beside them (StandardScaler) means that the stored direction is one of scaled features: it is divided
 * out (`raw-space`: coef / scale, intercept − Σ coef·mean / scale) or left (`as-stored`), as was said.
 * Errors: option_missing (class, scaling), layout_unknown, rows_out_of_range, tensor_not_found.
 */
export async function readProbe(file: TensorFile, options: ProbeOptions): Promise<Probe> {
  const { weights, bias: biasTensor } = findWeights(file, options.tensor);
  const [classes, width] = sizeOf(weights);
  refuseLong(weights, width);
  const row = pickClass(weights, classes, options.classIndex);
  const coefficients = (await readInOrder(weights)).slice(row * width, (row + 1) * width);
  const bias = biasTensor && (await biasOf(biasTensor, classes, row));
  if (options.scaling !== 'as-stored')
    refuseUnread(file, isScaler, 'or leave the scaler out of account with --as-stored');
  const scaler = findScaler(file, weights);
  const probe = { tensor: weights, classes, ...(classes > 1 && { row }) };
  if (!scaler) return { ...probe, values: Float32Array.from(coefficients), ...(bias !== undefined && { bias }) };
  const scaling = options.scaling ?? askForScaling(scaler.scale);
  const unscaled = scaling === 'as-stored' ? { coefficients, bias } : await unscale(scaler, coefficients, bias);
  const values = Float32Array.from(unscaled.coefficients);
  const assumed = !scaler.mean ? 'mean' : bias === undefined ? 'intercept' : undefined;
  return {
    ...{ ...probe, values, scaling },
    ...(unscaled.bias !== undefined && { bias: unscaled.bias }),
    ...(scaling === 'raw-space' && assumed && { assumed }),
  };
}

function findWeights(file: TensorFile, name: string | undefined): { weights: Tensor; bias: Tensor | undefined } {
  const isWeights = (asked: string) => biasNameOf(asked) !== undefined;
  if (name === undefined) refuseUnread(file, isWeights);
  const named = [...file.tensors.values()].filter((tensor) => isWeights(tensor.name));
  const arrays = [...file.tensors.values()].filter((tensor) => tensor.shape.length > 0);
  const [only] = named.length === 1 ? named : arrays.length === 1 ? arrays : [];
  if (name === undefined && only && !isWeights(only.name)) refuseUnread(file, anyNumbers);
  const weights = name === undefined ? only : namedTensor(file, name);
  if (!weights) {
    throw new AppError('layout_unknown', `${file.path}: cannot tell which array is the probe`, {
      hints: [
        `say which with --tensor NAME; it holds: ${[...file.tensors.values()].map(describe).join(', ') || 'none'}`,
        'known names: coef and intercept (scikit-learn), weight and bias (torch)',
      ],
    });
  }
  const biasName = biasNameOf(weights.name);
  refuseUnread(file, (asked) => asked === biasName, 'or save the probe without it, and say it with --bias');
  return { weights, bias: biasName === undefined ? undefined : file.tensors.get(biasName) };
}

const brokenProbe = 'nothing was sent: find out why training made it, and train the probe again';

/** 256 MB of float64: more than a thousand classes of the widest model. */
const mostValues = 1 << 25;

/** One direction may be stored flat, as a row or as a column. */
function sizeOf(weights: Tensor): [classes: number, width: number] {
  const { shape } = weights;
  const [height = 0, breadth = 0] = shape;
  const count = elementCount(shape);
  if (count > 0 && count <= mostValues) {
    if (shape.length === 1) return [1, height];
    if (shape.length === 2) return breadth === 1 ? [1, height] : [height, breadth];
  }
  throw new AppError(
    'layout_unknown',
    `${label(weights)}: expected a vector or one a class, found ${describe(weights)}`,
  );
}

function pickClass(weights: Tensor, classes: number, said: number | undefined): number {
  if (said === undefined && classes === 1) return 0;
  const range =
    classes === 1 ? 'leave --class out; of two classes the direction points at the second, 1' : `0 to ${classes - 1}`;
  if (said === undefined) {
    throw new AppError('option_missing', `${label(weights)}: ${describe(weights)} is a probe of ${classes} classes`, {
      hints: [`say whose direction is meant: --class I, ${range}`],
      details: { missing: 'class', classes },
    });
  }
  if (said < classes && classes > 1) return said;
  // scikit-learn keeps one direction for two classes, and it points at the second.
  const problem = classes === 1 ? 'has one direction, and no classes to choose among' : `has no class ${said}`;
  throw new AppError('rows_out_of_range', `${label(weights)}: ${problem}`, { hints: [range] });
}

async function biasOf(tensor: Tensor, classes: number, row: number): Promise<number> {
  const count = elementCount(tensor.shape);
  const isOne = count === 1 && classes === 1;
  if (!isOne && count !== classes) {
    throw new AppError('layout_unknown', `${label(tensor)}: expected ${classes} values, found ${describe(tensor)}`, {
      hints: ['name the weights with --tensor and give the bias with --bias'],
    });
  }
  const bias = (await readInOrder(tensor))[isOne ? 0 : row] as number;
  if (Number.isFinite(bias)) return bias;
  throw new AppError('not_finite', `${label(tensor)}: the bias is ${bias}`, { hints: [brokenProbe] });
}

interface Scaler {
  readonly scale: Tensor;
  readonly mean: Tensor | undefined;
}

const scaleName = /(^|[._])scale_?$/;
const meanName = /(^|[._])mean_?$/;

/** A scaler without one of the two has None in its place, which numpy pickles; no scale is complex. */
function isScaler(name: string, reason: string): boolean {
  return (scaleName.test(name) || meanName.test(name)) && !/pickled|dtype '?[<>=|]?[cC]\d/.test(reason);
}

/** `scale`, `scale_`, `scaler.scale_`, …: what StandardScaler keeps, under whatever prefix. */
function findScaler(file: TensorFile, weights: Tensor): Scaler | undefined {
  for (const scale of file.tensors.values()) {
    if (scale === weights || !scaleName.test(scale.name)) continue;
    return { scale, mean: file.tensors.get(scale.name.replace(/scale(_?)$/, 'mean$1')) };
  }
  return undefined;
}

/** What a probe's inputs were divided by, where its file says so. */
export function scalerOf(file: TensorFile, weights: Tensor): Tensor | undefined {
  return findScaler(file, weights)?.scale;
}

function askForScaling(scale: Tensor): never {
  throw new AppError('option_missing', `${label(scale)}: this probe was trained on scaled features`, {
    hints: [
      '--raw-space divides the scaler out, so that the direction is one of the model: coef / scale, with the bias to match',
      '--as-stored uploads the numbers as they are',
    ],
    details: { missing: 'rawSpace' },
  });
}

async function unscale(
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
    hints: ['the scaler and the probe belong to different features'],
  });
}
