import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { isFloat } from '../tensor/dtype.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import { elementCount, flatRow, label, type Matrix, matrixOf, type Tensor } from '../tensor/tensor.ts';
import { namedTensor, toWeights } from './bare.ts';
import { describe, describeAll } from './describe.ts';
import { findScaler } from './scaler.ts';
import { anyNumbers, isText, refuseUnread } from './unread.ts';

/** One vector from a file, in memory: a steering vector or a probe. */
export interface Direction {
  readonly tensor: Tensor;
  /** Its row in the tensor, if one was chosen among several. */
  readonly row?: number;
  readonly values: Float32Array;
  /** What is odd about it, but may be meant: to be shown before anything is sent. */
  readonly doubts?: readonly string[];
}

/** Selects one of the vectors in a file. */
export interface DirectionOptions {
  readonly tensor?: string;
  readonly row?: number;
}

/** Length of the longest vector that any server accepts. */
export const longestVector = 24_576;

/**
 * Reads one vector from a file: its only one, the named tensor, or one row of a matrix. A whole tensor is read by the
 * format's own library if that can read it. Errors: tensor_not_found, layout_unknown with the candidates,
 * rows_out_of_range, wrong_width, format_unsupported.
 */
export async function readDirection(file: TensorFile, { tensor: name, row }: DirectionOptions): Promise<Direction> {
  const tensor = name === undefined ? onlyTensor(file, row !== undefined) : namedTensor(file, name);
  const values = row === undefined ? await readSingle(file, tensor) : await readRow(rowsOf(tensor, row), row);
  const doubts = doubtsOf(file, tensor, values.length);
  return { tensor, values, ...(row !== undefined && { row }), ...(doubts.length > 0 && { doubts }) };
}

async function readSingle(file: TensorFile, tensor: Tensor): Promise<Float32Array> {
  requireSingle(tensor);
  refuseLong(tensor, elementCount(tensor.shape));
  return (await file.readWhole?.(tensor)) ?? readRow(flatRow(tensor), 0);
}

/** Says that a probe's scaler lies beside a direction. A single number beside it, such as a strength, is none. */
function doubtsOf(file: TensorFile, tensor: Tensor, width: number): string[] {
  const scale = likeProbes.test(tensor.name) ? findScaler(file, tensor)?.scale : undefined;
  if (!scale || elementCount(scale.shape) !== width) return [];
  return [
    `"${scale.name}" beside "${tensor.name}" is as long: if this probe was trained on scaled features, it does not apply to the model's own activations, and neuronpedia upload-probe --raw-space divides the scaler out`,
  ];
}

/** Names of single vectors. A tensor with such a name is taken, whatever unreadable arrays lie beside it. */
export const directionNames = /(^|[._])(vector|direction|steering(_vector)?|control_vector)$/i;

/** scikit-learn's name for the direction of a probe. */
const probeNames = /(^|[._])coef_?$/;
/** That, and what torch and scripts call it. */
const likeProbes = /(^|[._])(coef_?|weights?)$/;

function onlyTensor(file: TensorFile, wantsRow: boolean): Tensor {
  const floats = [...file.tensors.values()].filter(({ dtype }) => isFloat(dtype));
  const arrays = floats.filter(({ shape }) => shape.length > 0);
  const fitting = floats.filter((tensor) => (wantsRow ? tensor.shape.length === 2 : isSingle(tensor)));
  const named = fitting.filter(({ name }) => directionNames.test(name));
  const [only] = [fitting, named, arrays, floats].find(({ length }) => length === 1) ?? [];
  if (!only || !directionNames.test(only.name)) {
    refuseUnread(file, (name, reason) => (directionNames.test(name) ? !isText(reason) : anyNumbers(name, reason)));
  }
  if (only) return only;
  const tensors = [...file.tensors.values()];
  const all = describeAll(tensors);
  if (floats.length === 0 && tensors.length > 0) {
    throw new AppError('layout_unknown', `${file.path}: holds no floating-point numbers; found: ${all}`, {
      hints: [
        tensors.some(({ name }) => name !== '') ? 'to take one of them anyway: --tensor NAME' : toWeights(tensors),
      ],
    });
  }
  const what = wantsRow ? 'matrix' : 'vector';
  const problem = fitting.length === 0 ? `holds no ${what}` : `holds more than one ${what}`;
  throw new AppError('layout_unknown', `${file.path}: ${problem}`, {
    hints: [
      ...(tensors.some(({ name }) => probeNames.test(name)) ? ['to upload a probe: neuronpedia upload-probe'] : []),
      `say which with --tensor NAME; it holds: ${all}`,
    ],
  });
}

/** Whether a tensor is one vector: it is not empty, has an axis, and at most one axis is longer than 1. */
export function isSingle(tensor: Tensor): boolean {
  const long = tensor.shape.filter((length) => length !== 1);
  return tensor.shape.length >= 1 && long.length <= 1 && elementCount(tensor.shape) > 0;
}

function requireSingle(tensor: Tensor): void {
  if (isSingle(tensor)) return;
  const [rows = 0] = tensor.shape;
  const others =
    tensor.shape.length > 2
      ? ['save the vector that you mean, in Python: np.save("vector.npy", array[I, J])']
      : [`to take one row of it: --row I, 0 to ${rows - 1}`, ...layerRows(tensor)];
  throw new AppError('layout_unknown', `${label(tensor)}: expected one vector, found ${describe(tensor)}`, {
    hints: [...others, 'to upload every row of a matrix: neuronpedia upload-sae'],
  });
}

/** Explains a matrix with few rows, probably one per layer. Hidden states have one row more than the model has layers. */
function layerRows({ shape }: Tensor): string[] {
  const [rows = 0] = shape;
  if (shape.length !== 2 || rows < 2 || rows > mostLayers) return [];
  return [
    `if there is one row per layer, row ${rows - 1} is layer ${rows - 1}; if these are hidden states (one row more than the model has layers), row 0 is the embeddings and row r is resid_post of block r - 1 (row ${rows - 1}: layer ${rows - 2})`,
  ];
}

/** No model has more layers. */
const mostLayers = 128;

function rowsOf(tensor: Tensor, row: number): Matrix {
  if (tensor.shape.length !== 2) {
    throw new AppError('layout_unknown', `${label(tensor)}: --row needs a matrix, found ${describe(tensor)}`, {
      hints: tensor.shape.length < 2 ? ['leave --row out: this is one vector'] : [],
    });
  }
  const matrix = matrixOf(tensor, 'rows');
  refuseLong(tensor, matrix.width);
  if (row < matrix.rows) return matrix;
  const has = matrix.rows === 1 ? '1 row' : `${matrix.rows} rows`;
  throw new AppError('rows_out_of_range', `${label(tensor)}: has no row ${row}; it has ${has}`, {
    hints: [`rows count from 0, so the last one is ${matrix.rows - 1}`],
    details: { file: tensor.file, tensor: tensor.name, found: row, expected: `0-${matrix.rows - 1}` },
  });
}

/** Refuses a vector that is too long for every server, before anything is allocated. Error: wrong_width. */
export function refuseLong(tensor: Tensor, width: number): void {
  if (width <= longestVector) return;
  throw new AppError('wrong_width', `${label(tensor)}: ${width} values; a vector has at most ${longestVector}`);
}

async function readRow(matrix: Matrix, row: number): Promise<Float32Array> {
  for await (const { values, width } of rowBlocks(matrix, [[row, row + 1]])) return values.slice(0, width);
  return new Float32Array(0);
}
