import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { readInOrder } from '../tensor/numbers.ts';
import { elementCount, label, type Tensor } from '../tensor/tensor.ts';
import { namedTensor } from './bare.ts';
import { describe, describeAll } from './describe.ts';
import { type Direction, directionNames, refuseLong } from './direction.ts';
import { askForScaling, brokenProbe, findScaler, isScaler, refuseWithoutScaler, unscale } from './scaler.ts';
import { anyNumbers, refuseUnread } from './unread.ts';

/** A linear probe: its direction, and the bias of its decision if the file has one. */
export interface Probe extends Direction {
  readonly bias?: number;
  /** How many directions the file holds: one for a yes-or-no probe, otherwise one per class. */
  readonly classes: number;
  /** How the scaler was handled. Absent if the file has none. */
  readonly scaling?: 'raw-space' | 'as-stored';
  /** What the file lacks and was taken as 0 when the scaler was divided out. */
  readonly assumed?: readonly ('mean' | 'intercept')[];
}

export interface ProbeOptions {
  readonly tensor?: string;
  readonly classIndex?: number;
  /** How to handle a scaler in the file. */
  readonly scaling?: 'raw-space' | 'as-stored';
}

/** Names of weights and their bias in scikit-learn (`coef_`, `intercept_`) and torch (`weight`, `bias`). */
const pairs: readonly (readonly [weights: RegExp, bias: string])[] = [
  [/^(.*?)coef(_?)$/, '$1intercept$2'],
  [/^(.*?)weight$/, '$1bias'],
];

/** The same in scripts, where other arrays may have such names: they count only if no array has one of those above. */
const scripted: readonly (readonly [weights: RegExp, bias: string])[] = [
  [/^(|.*[._])weights$/, '$1bias'],
  [/^(|.*[._])w$/, '$1b'],
];

const isScripted = (name: string) => scripted.some(([pattern]) => pattern.test(name));

/** Returns the name of the bias that belongs to weights of this name. Undefined if no probe names its weights so. */
export function biasNameOf(name: string): string | undefined {
  const beside = [...pairs, ...scripted].find(([pattern]) => pattern.test(name));
  return beside && name.replace(...beside);
}

/**
 * Reads a probe: `coef` (1 or classes × width) and `intercept` of scikit-learn, `weight` and `bias` of torch, or a bare
 * vector. A `scale` beside them (StandardScaler) means that the stored direction applies to scaled features. As the user
 * chooses, it is divided out (`raw-space`: coef / scale, intercept − Σ coef·mean / scale) or left in (`as-stored`).
 * Errors: option_missing (class, scaling), layout_unknown, rows_out_of_range, tensor_not_found, wrong_width, not_finite,
 * format_unsupported.
 */
export async function readProbe(file: TensorFile, options: ProbeOptions): Promise<Probe> {
  const { weights, bias: biasTensor } = findWeights(file, options.tensor);
  const [classes, width] = sizeOf(weights);
  refuseLong(weights, width);
  const row = pickClass(weights, classes, options.classIndex);
  const coefficients = (await readInOrder(weights)).slice(row * width, (row + 1) * width);
  const bias = biasTensor && (await biasOf(biasTensor, { classes, width }, row));
  if (options.scaling !== 'as-stored') refuseUnread(file, isScaler, 'or ignore the scaler with --as-stored');
  const scaler = findScaler(file, weights);
  const probe = { tensor: weights, classes, ...(classes > 1 && { row }) };
  if (!scaler) {
    if (options.scaling === 'raw-space') refuseWithoutScaler(weights);
    return { ...probe, values: Float32Array.from(coefficients), ...(bias !== undefined && { bias }) };
  }
  const scaling = options.scaling ?? askForScaling(scaler.scale);
  const unscaled = scaling === 'as-stored' ? { coefficients, bias } : await unscale(scaler, coefficients, bias);
  const values = Float32Array.from(unscaled.coefficients);
  const assumed = [
    ...(scaler.mean ? [] : (['mean'] as const)),
    ...(bias === undefined ? (['intercept'] as const) : []),
  ];
  return {
    ...{ ...probe, values, scaling },
    ...(unscaled.bias !== undefined && { bias: unscaled.bias }),
    ...(scaling === 'raw-space' && assumed.length > 0 && { assumed }),
  };
}

function findWeights(file: TensorFile, name: string | undefined): { weights: Tensor; bias: Tensor | undefined } {
  const isWeights = (asked: string) => pairs.some(([pattern]) => pattern.test(asked));
  if (name === undefined) refuseUnread(file, isWeights);
  const arrays = [...file.tensors.values()].filter((tensor) => tensor.shape.length > 0);
  const named = arrays.filter((tensor) => isWeights(tensor.name));
  const isBare = named.length === 0 && !arrays.some((tensor) => directionNames.test(tensor.name));
  const likely = isBare ? arrays.filter((tensor) => isScripted(tensor.name)) : [];
  const [only] = [named, likely, arrays].find(({ length }) => length === 1) ?? [];
  if (name === undefined && only && !isWeights(only.name)) refuseUnread(file, anyNumbers);
  const weights = name === undefined ? only : namedTensor(file, name);
  if (!weights) {
    throw new AppError('layout_unknown', `${file.path}: cannot tell which array is the probe`, {
      hints: [
        `say which with --tensor NAME; it holds: ${describeAll(file.tensors.values())}`,
        'known names: coef and intercept (scikit-learn), weight and bias (torch)',
      ],
    });
  }
  const biasName = biasNameOf(weights.name);
  refuseUnread(file, (asked) => asked === biasName, 'or save the probe without it and give the bias with --bias');
  return { weights, bias: biasName === undefined ? undefined : file.tensors.get(biasName) };
}

/** 256 MB of float64: more than a thousand classes of the widest model. */
const mostValues = 1 << 25;

/** Returns the number of classes and the width. A single direction may be stored flat, as a row or as a column. */
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
    `${label(weights)}: expected one vector, or one per class, found ${describe(weights)}`,
  );
}

function pickClass(weights: Tensor, classes: number, said: number | undefined): number {
  if (classes === 1) {
    if (said === undefined) return 0;
    // Taking it for the direction of the first of two classes would flip its sign.
    throw new AppError('rows_out_of_range', `${label(weights)}: has one direction, so there is no class to choose`, {
      hints: ['leave --class out; for two classes scikit-learn stores one direction, which points to the second'],
    });
  }
  const range = `0 to ${classes - 1}`;
  if (said === undefined) {
    throw new AppError('option_missing', `${label(weights)}: ${describe(weights)} is a probe of ${classes} classes`, {
      hints: [
        `choose a class with --class I, ${range}`,
        'if its rows are no classes but directions, such as one per layer: neuronpedia upload-vector FILE --row I',
      ],
      details: { missing: 'class', classes },
    });
  }
  if (said < classes) return said;
  throw new AppError('rows_out_of_range', `${label(weights)}: has no class ${said}`, { hints: [range] });
}

/** How many directions the weights hold, and how long each is. */
interface Size {
  readonly classes: number;
  readonly width: number;
}

async function biasOf(tensor: Tensor, { classes, width }: Size, row: number): Promise<number> {
  const count = elementCount(tensor.shape);
  const isOne = count === 1 && classes === 1;
  if (!isOne && count !== classes) {
    throw new AppError('layout_unknown', `${label(tensor)}: expected ${classes} values, found ${describe(tensor)}`, {
      hints: [
        count === width
          ? 'the weights seem to be transposed: save one row per class (coef.T)'
          : 'name the weights with --tensor and give the bias with --bias',
      ],
    });
  }
  const bias = (await readInOrder(tensor))[isOne ? 0 : row] as number;
  if (Number.isFinite(bias)) return bias;
  throw new AppError('not_finite', `${label(tensor)}: the bias is ${bias}`, { hints: [brokenProbe] });
}
