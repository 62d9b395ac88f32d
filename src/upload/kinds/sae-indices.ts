import { AppError, mostListed } from '../../errors.ts';
import type { TensorFile } from '../../formats/format.ts';
import type { Sae } from '../../layouts/sae.ts';
import { type Indices, indexNames, largestIndex, ownIndices, rowNumbers, singleIndex } from '../../tensor/indices.ts';
import { readNumbers } from '../../tensor/numbers.ts';
import { countRows, eachRow, formatRanges, type Ranges, rangesOf, subtractRanges } from '../../tensor/ranges.ts';
import { elementCount, label, type Matrix } from '../../tensor/tensor.ts';

/** The rows that were asked for, and their indices as features. */
export interface Selection {
  readonly indices: Indices;
  readonly wanted: Ranges;
}

export interface SelectionOptions {
  /** Only features with these indices; all features when absent. */
  readonly features?: Ranges;
  /** The index of the row, if only one is to be uploaded. */
  readonly index?: number;
}

/**
 * Settles which rows are meant and which features they are: by an `index` or `feature_index` array in their file, or else by
 * row number. A single row may be given its index. Errors: rows_out_of_range, record_invalid, usage.
 */
export async function selectRows(sae: Sae, matrix: Matrix, options: SelectionOptions): Promise<Selection> {
  const indices = await readIndices(sae, matrix);
  const wanted = wantedRows(matrix, indices, options.features);
  if (options.index === undefined) return { indices, wanted };
  const rows = countRows(wanted);
  if (rows !== 1) {
    throw new AppError('usage', `--index is the index of one row, and ${rows} rows of ${sae.path} are to be uploaded`, {
      hints: [
        'choose the row with --features N',
        'for an index of each row put an integer array "index" into the file',
      ],
    });
  }
  const [[row]] = wanted as [[number, number]];
  return { indices: indices.indexOf(row) === options.index ? indices : singleIndex(row, options.index), wanted };
}

async function readIndices(sae: Sae, matrix: Matrix): Promise<Indices> {
  const { file } = sae;
  const [name, other] = indexNames.filter((one) => isIndex(file, one, matrix.rows));
  if (name === undefined) return rowNumbers(matrix.rows);
  const notAnIndex = (problem: string) => indexError(file.path, name, problem);
  if (other !== undefined) throw notAnIndex(`and "${other}" are both there`);
  const tensor = file.tensors.get(name);
  if (!tensor) throw notAnIndex((file.undecodable.get(name) ?? '').replace(/^it /, ''));
  const { shape, dtype } = tensor;
  if (shape.length !== 1 || shape[0] !== matrix.rows) {
    throw notAnIndex(`has shape [${shape}]; the ${matrix.rows} rows of ${label(matrix.tensor)} need one each`);
  }
  if (!/^[IU]\d/.test(dtype)) throw notAnIndex(`has type ${dtype}; indices are integers`);
  const values = await readNumbers(tensor, matrix.rows);
  const wrong = values.findIndex((index) => index < 0 || index > largestIndex);
  if (wrong >= 0) throw notAnIndex(`has ${values[wrong]} at row ${wrong}; indices are 0 to ${largestIndex}`);
  const indices = ownIndices(values);
  if ('rows' in indices) {
    const [first, second] = indices.rows;
    throw notAnIndex(`gives rows ${first} and ${second} the same index ${indices.index} (duplicate)`);
  }
  return indices;
}

/** Whether a tensor is an index. `feature_index` may be something else: one number, or non-integers not one per row. */
function isIndex({ tensors, undecodable }: TensorFile, name: string, rows: number): boolean {
  const tensor = tensors.get(name);
  if (!tensor) return undecodable.has(name);
  const { shape, dtype } = tensor;
  const isList = /^[IU]\d/.test(dtype) && shape.filter((length) => length !== 1).length === 1;
  return name === indexNames[0] || isList || elementCount(shape) === rows;
}

function indexError(path: string, name: string, problem: string): AppError {
  return new AppError('record_invalid', `${path}: "${name}" ${problem}`, {
    hints: [
      'this array must say which feature each row is; if it is something else, rename it, and rows are numbered from 0',
    ],
    details: { file: path, tensor: name },
  });
}

function wantedRows(matrix: Matrix, indices: Indices, features: Ranges | undefined): Ranges {
  if (features === undefined) return [[0, matrix.rows]];
  const wanted = indices.rowsOf(features);
  if (countRows(wanted) === countRows(features)) return wanted;
  throw beyond(matrix, indices, features, wanted);
}

function beyond(matrix: Matrix, indices: Indices, features: Ranges, wanted: Ranges): AppError {
  const isOwn = indices.hash !== undefined;
  const found = isOwn ? rangesOf(Array.from(eachRow(wanted), indices.indexOf)) : wanted;
  const missing = formatRanges(subtractRanges(features, found).slice(0, mostListed));
  const last = matrix.rows - 1;
  const there = isOwn
    ? `no row of the ${matrix.rows} has that index`
    : `there are ${matrix.rows} features, 0 to ${last}`;
  return new AppError('rows_out_of_range', `${label(matrix.tensor)}: --features asks for ${missing}; ${there}`, {
    hints: [
      isOwn
        ? 'the file gives its rows indices of their own ("index"), and --features asks for these'
        : 'both ends of a range are included, and features count from 0',
    ],
    details: { found: missing, expected: isOwn ? 'the indices in the file' : `0-${last}` },
  });
}
