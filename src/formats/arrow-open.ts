import { Type } from 'apache-arrow/fb/type';
import { AppError } from '../errors.ts';
import type { ByteSource } from '../tensor/byte-source.ts';
import { isFloat } from '../tensor/dtype.ts';
import { denseStrides, quoted, type Tensor } from '../tensor/tensor.ts';
import { readBatches } from './arrow-batches.ts';
import { type Collector, scalarCollector } from './arrow-collector.ts';
import { dimensionColumns } from './arrow-dimensions.ts';
import { ColumnProblem } from './arrow-errors.ts';
import { listCollector } from './arrow-lists.ts';
import { readFrames } from './arrow-messages.ts';
import { rowsCollector } from './arrow-rows.ts';
import type { ArrowField } from './arrow-schema.ts';
import { wholeReader } from './arrow-whole.ts';
import type { Format } from './format.ts';

const listTypes: readonly Type[] = [Type.FixedSizeList, Type.List, Type.LargeList];

/**
 * Describes the columns of an Arrow file or stream as tensors. Reads and checks every batch's metadata, list offsets and
 * validity bitmaps; values stay in the file until rows are asked for.
 */
export async function openArrow(path: string, bytes: ByteSource): ReturnType<Format['open']> {
  const frames = await readFrames(path, bytes);
  const { fields, metadata } = frames.schema;
  const { collectors, undecodable } = sortFields(path, bytes, fields);
  const problems: AppError[] = [];
  for await (const batch of readBatches(path, frames)) {
    for (const collector of collectors) {
      await collector.add(batch).catch((error: unknown) => {
        if (!(error instanceof ColumnProblem)) throw error;
        collectors.delete(collector);
        undecodable.set(collector.name, error.message);
        problems.push(refusal(path, collector.name, error));
      });
    }
  }
  const tensors = new Map([...collectors].map((collector) => [collector.name, tensorOf(path, collector)]));
  const isMatrix = (tensor: Tensor) => tensor.shape.length === 2;
  // Beside a valid matrix, a column of nulls or ragged lists may not matter; alone it is what the user meant.
  if (problems.length > 0 && ![...tensors.values()].some(isMatrix)) throw problems[0];
  if (tensors.size === 0 && undecodable.size > 0) throw nothingToRead(path, undecodable);
  return { tensors, undecodable, metadata, readWhole: wholeReader(bytes, frames) };
}

/** Decides which columns become which tensors, and says why others cannot. */
function sortFields(path: string, bytes: ByteSource, fields: readonly ArrowField[]) {
  const collectors = new Set<Collector>();
  const undecodable = new Map<string, string>();
  const names = new Set<string>();
  const repeated = new Set(fields.map(({ name }) => name).filter((name) => names.size === names.add(name).size));
  const dimensions = fields.some(isVectorColumn) ? undefined : dimensionColumns(fields);
  if (dimensions) collectors.add(rowsCollector(path, bytes, dimensions.columns));
  for (const field of fields) {
    if (dimensions?.isNumbered && dimensions.columns.includes(field)) continue;
    if (repeated.has(field.name)) {
      undecodable.set(field.name, 'the table has more than one column of this name');
    } else if (isVectorColumn(field)) {
      collectors.add(listCollector(path, bytes, field));
    } else if (field.dtype && !(dimensions && field.name === '')) {
      collectors.add(scalarCollector(path, bytes, field));
    } else {
      undecodable.set(field.name, `it is a column of ${describeType(field)}, not of numbers or lists of floats`);
    }
  }
  return { collectors, undecodable };
}

function isVectorColumn(field: ArrowField): boolean {
  const dtype = field.children[0]?.dtype;
  return listTypes.includes(field.type) && !field.isDictionary && dtype !== undefined && isFloat(dtype);
}

/** Describes a column's type: `List of Utf8`. A dictionary's values lie in batches of their own, which are not read. */
function describeType(field: ArrowField): string {
  if (field.isDictionary) return `dictionary-encoded ${Type[field.type]}`;
  const [child] = field.children;
  const name = field.dtype ?? Type[field.type]?.replace('_', '') ?? 'unknown type';
  return child ? `${name} of ${describeType(child)}` : name;
}

function tensorOf(file: string, collector: Collector): Tensor {
  const { shape, ...found } = collector.finish();
  return { file, name: collector.name, bigEndian: false, shape, strides: denseStrides(shape), ...found };
}

function nothingToRead(file: string, undecodable: ReadonlyMap<string, string>): AppError {
  const reasons = [...undecodable].slice(0, 5).map(([name, reason]) => `${quoted(name)}: ${reason}`);
  const hint =
    'a column of FixedSizeList, List or LargeList of floats is read, or one column of floats for each dimension';
  return new AppError('format_unsupported', `${file}: holds no column that can be read`, {
    findings: { first: reasons, count: undecodable.size },
    hints: [hint],
    details: { file },
  });
}

function refusal(file: string, name: string, problem: ColumnProblem): AppError {
  const column = name === '' ? '' : ` column ${quoted(name)}:`;
  return new AppError('format_unsupported', `${file}:${column} ${problem.message}`, {
    hints: ['every row must hold a vector of the same length without nulls; drop or fill such rows before writing'],
    details: { file, tensor: name, row: problem.row },
    cause: problem,
  });
}
