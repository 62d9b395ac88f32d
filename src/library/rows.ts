import { checkOptions, oneOf, type RulesFor, string } from '../check-options.ts';
import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { namedTensor } from '../layouts/bare.ts';
import { rowBlocks } from '../tensor/row-blocks.ts';
import { matrixOf, type Orientation, type Tensor } from '../tensor/tensor.ts';

/** Which rows of a file are meant. */
export interface RowsOptions {
  /** Name of the matrix; may be absent if the file has only one. */
  readonly tensor?: string;
  /** Which axis counts rows: `rows` unless said otherwise. */
  readonly orientation?: Orientation;
}

const rules: RulesFor<RowsOptions> = { tensor: string, orientation: oneOf('rows', 'columns') };

/** One row of a matrix as float32. */
export interface Row {
  /** Counted from 0. */
  readonly row: number;
  readonly values: Float32Array;
}

/**
 * Streams the rows of a weight file's matrix in order; memory does not grow with the file. Each row's values are the
 * caller's to keep. Errors: usage, tensor_not_found, layout_unknown with the candidates, and those of reading.
 */
export async function* readRows(file: TensorFile, options: RowsOptions = {}): AsyncGenerator<Row> {
  checkOptions(options, rules);
  const { tensor, orientation = 'rows' } = options;
  const matrix = matrixOf(tensor === undefined ? onlyMatrix(file) : namedTensor(file, tensor), orientation);
  for await (const { start, count, width, values } of rowBlocks(matrix, [[0, matrix.rows]])) {
    for (let i = 0; i < count; i++) yield { row: start + i, values: values.slice(i * width, (i + 1) * width) };
  }
}

function onlyMatrix(file: TensorFile): Tensor {
  const matrices = [...file.tensors.values()].filter(({ shape }) => shape.length === 2);
  const [only] = matrices;
  if (only && matrices.length === 1) return only;
  const names = [...file.tensors.values()].map(({ name, shape }) => `${name} [${shape}]`).join(', ') || 'none';
  throw new AppError('layout_unknown', `${file.path}: holds ${matrices.length} matrices, so one has to be named`, {
    hints: [`its tensors: ${names}`],
  });
}
