import { basename, extname } from 'node:path';
import { AppError } from '../errors.ts';
import type { TensorFile } from '../formats/format.ts';
import { openTensorFile } from '../formats/open.ts';
import { type Dtype, isFloat } from '../tensor/dtype.ts';
import { readNumbers, shortestDecimal } from '../tensor/numbers.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { isKnownQuantity } from './facts.ts';

/** One quantity of a file, with one value per feature. */
export interface Column {
  readonly name: string;
  /** Undefined for a single value for all features. */
  readonly length: number | undefined;
  /** Values as they are in memory, for the hash; empty for texts. */
  readonly values: Float64Array;
  /** Returns the value at a position; undefined for NaN and null, which say nothing. */
  at(position: number): number | boolean | undefined | Promise<string | undefined>;
}

/** The columns of a file, and what else is in it. */
export interface Columns {
  readonly columns: readonly Column[];
  /** What is not read, by name, and why. */
  readonly notRead: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

/**
 * Makes a column of numbers stored as `dtype`. A value of single or lower precision is given as the shortest decimal number
 * that rounds to it.
 */
export function numberColumn(name: string, values: Float64Array, dtype: Dtype, length: number | undefined): Column {
  const isSingle = isFloat(dtype) && dtype !== 'F64';
  return {
    name,
    length,
    values,
    at(position) {
      const value = values[length === undefined ? 0 : position] as number;
      if (Number.isNaN(value)) return undefined;
      if (dtype === 'BOOL') return value !== 0;
      return isSingle && !Number.isInteger(value) && Number.isFinite(value) ? shortestDecimal(value) : value;
    },
  };
}

/** Reads the arrays of an `.npy`, `.npz`, `.safetensors` or `.json`. Errors: those of opening, record_invalid. */
export async function readArrays(path: string): Promise<Columns> {
  const file = await openTensorFile(path);
  try {
    const columns: Column[] = [];
    const notRead = new Map(file.undecodable);
    for (const tensor of file.tensors.values()) {
      const name = nameOf(file, tensor);
      if (tensor.shape.length > 1) {
        if (isKnownQuantity(name)) throw notOneDimensional(path, name, tensor.shape);
        notRead.set(name, `has shape [${tensor.shape}], not one value per feature`);
      } else {
        columns.push(await readColumn(name, tensor));
      }
    }
    return { columns, notRead, close: async () => undefined };
  } finally {
    await file.close();
  }
}

/** Returns an array's name. An .npy has none, so the file's name is used. */
function nameOf(file: TensorFile, tensor: Tensor): string {
  return tensor.name === '' ? basename(file.path, extname(file.path)) : tensor.name;
}

async function readColumn(name: string, tensor: Tensor): Promise<Column> {
  const [length] = tensor.shape;
  return numberColumn(name, await readNumbers(tensor, length ?? 1), tensor.dtype, length);
}

function notOneDimensional(path: string, name: string, shape: readonly number[]): AppError {
  return new AppError('record_invalid', `${path}: "${name}" has shape [${shape}]; one value per feature is read`, {
    hints: ['save it with one dimension: array.reshape(-1)'],
    details: { file: path, array: name, found: shape },
  });
}
