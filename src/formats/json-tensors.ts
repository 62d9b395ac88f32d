import { endianness } from 'node:os';
import { memoryBytes } from '../tensor/byte-source.ts';
import { denseStrides, quoted, type Tensor } from '../tensor/tensor.ts';
import { invalidJson } from './json-text.ts';

interface JsonTensors {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly undecodable: ReadonlyMap<string, string>;
}

/** Why an array is not one of numbers. The message names the place: `vectors[3][17]`. */
class NotNumbers extends Error {}

/**
 * Makes tensors of a JSON value's arrays of numbers: the value itself, named "", or those in an object, named by their
 * keys, with numbers that are named like a probe's bias. Other arrays are undecodable, and all else is ignored. Error:
 * format_invalid if there is no array of numbers.
 */
export function readJsonTensors(path: string, value: unknown): JsonTensors {
  const tensors = new Map<string, Tensor>();
  const undecodable = new Map<string, string>();
  for (const [name, array] of arraysOf(value)) {
    try {
      tensors.set(name, { file: path, name, ...readArray(name, array) });
    } catch (error) {
      if (!(error instanceof NotNumbers)) throw error;
      undecodable.set(name, error.message);
    }
  }
  if (tensors.size > 0) return { tensors: new Map([...tensors, ...numbersOf(path, value)]), undecodable };
  const [reason] = undecodable.values();
  throw invalidJson(path, `holds no array of numbers: ${reason ?? whatIsThere(value)}`, [
    'write one vector as [0.1, 0.2, …] or {"vector": [0.1, 0.2, …]}, and several as rows of equal length: [[…], […]]',
  ]);
}

function arraysOf(value: unknown): [name: string, array: unknown[]][] {
  if (Array.isArray(value)) return [['', value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]));
}

/** Names of numbers that belong to the arrays beside them. Scripts put others there, too: an accuracy, a layer, a loss. */
const likeBias = /(^|[._])(intercept_?|bias|b)$/;

/** Returns an object's numbers that are named like a bias, as tensors without dimensions. */
function numbersOf(path: string, value: unknown): [name: string, tensor: Tensor][] {
  if (Array.isArray(value)) return [];
  return Object.entries(value as object)
    .filter((entry): entry is [string, number] => likeBias.test(entry[0]) && Number.isFinite(entry[1]))
    .map(([name, number]) => [name, { file: path, name, ...inDoubles(Float64Array.of(number), []) }]);
}

function whatIsThere(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `it is ${kindOf(value)}`;
  const keys = Object.keys(value)
    .slice(0, 10)
    .map((key) => JSON.stringify(key));
  return keys.length === 0 ? 'it is an empty object' : `it is an object with the keys ${keys.join(', ')}`;
}

function readArray(name: string, array: readonly unknown[]): Omit<Tensor, 'file' | 'name'> {
  // Without quotes, because an index into it follows.
  const place = name === '' ? 'the array' : quoted(name).slice(1, -1);
  const isMatrix = Array.isArray(array[0]);
  const rows = isMatrix ? array : [array];
  const width = (rows[0] as unknown[]).length;
  if (width === 0) throw new NotNumbers(`${isMatrix ? `${place}[0]` : place} is empty`);
  const values = new Float64Array(rows.length * width);
  for (const [i, row] of rows.entries()) {
    fill(values, i * width, width, row, isMatrix ? `${place}[${i}]` : place);
  }
  const shape = isMatrix ? [rows.length, width] : [width];
  return inDoubles(values, shape);
}

/** As doubles: rounding to float32 happens in one place for all formats. */
function inDoubles(values: Float64Array, shape: readonly number[]): Omit<Tensor, 'file' | 'name'> {
  const bytes = memoryBytes(new Uint8Array(values.buffer));
  return { dtype: 'F64', bigEndian: endianness() === 'BE', shape, strides: denseStrides(shape), offset: 0, bytes };
}

function fill(values: Float64Array, at: number, width: number, row: unknown, place: string): void {
  if (!Array.isArray(row)) throw new NotNumbers(`${place} is ${kindOf(row)}, but a row was expected`);
  if (row.length !== width)
    throw new NotNumbers(`${place} has ${row.length} values, the first row has ${width} (ragged)`);
  for (let i = 0; i < width; i++) {
    const value = row[i];
    if (typeof value !== 'number') throw new NotNumbers(`${place}[${i}] is ${kindOf(value)}, not a number`);
    if (!Number.isFinite(value)) throw new NotNumbers(`${place}[${i}] is out of range for a float64`);
    values[at + i] = value;
  }
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array (nested too deep, or beside numbers)';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
