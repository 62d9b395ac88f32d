import { Type } from 'apache-arrow/fb/type';
import { type ByteSource, openFile } from '../tensor/byte-source.ts';
import type { Dtype } from '../tensor/dtype.ts';
import { readNumbers } from '../tensor/numbers.ts';
import { quoted } from '../tensor/tensor.ts';
import { type ArrowBatch, readBatches } from './arrow-batches.ts';
import { invalid } from './arrow-errors.ts';
import { type Inflater, inflater } from './arrow-inflate.ts';
import { readFrames } from './arrow-messages.ts';
import type { ArrowField } from './arrow-schema.ts';
import { type TextCollector, textCollector } from './arrow-texts.ts';
import { readBits, readValidity } from './arrow-validity.ts';
import { openValues } from './arrow-values.ts';
import { viewCollector } from './arrow-views.ts';

/** A whole column of numbers; a null is NaN. Booleans are 0 and 1. */
export interface NumberColumn {
  readonly dtype: Dtype;
  readonly values: Float64Array;
}

/** A column of texts, read one by one; a null is undefined. */
export interface TextColumn {
  at(row: number): Promise<string | undefined>;
}

/** A table of facts: columns with one number, boolean or text per row. */
export interface ArrowTable {
  readonly rows: number;
  readonly numbers: ReadonlyMap<string, NumberColumn>;
  readonly texts: ReadonlyMap<string, TextColumn>;
  /** Columns that are not read, with the reason. */
  readonly notRead: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

/** Gathers one column, batch after batch. */
interface Collector {
  add(batch: ArrowBatch): Promise<void>;
}

/**
 * Opens an Arrow file or stream as a table of facts, not of vectors. Close it when done.
 * Errors: file_not_found, file_unreadable, format_invalid, format_unsupported.
 */
export async function openArrowTable(path: string): Promise<ArrowTable> {
  const bytes = await openFile(path);
  try {
    return { ...(await readColumns(path, bytes)), close: () => bytes.close() };
  } catch (error) {
    await bytes.close();
    throw error;
  }
}

async function readColumns(path: string, bytes: ByteSource): Promise<Omit<ArrowTable, 'close'>> {
  const frames = await readFrames(path, bytes);
  const numbers = new Map<string, ReturnType<typeof numberCollector>>();
  const texts = new Map<string, TextCollector>();
  const notRead = new Map<string, string>();
  for (const field of frames.schema.fields) {
    if (numbers.has(field.name) || texts.has(field.name)) throw invalid(path, `has two columns ${quoted(field.name)}`);
    if (field.dtype || isFlag(field)) numbers.set(field.name, numberCollector(path, field, inflater(path, bytes)));
    else if (field.isDictionary) notRead.set(field.name, 'is a dictionary-encoded column');
    else if (isText(field)) texts.set(field.name, textCollector(path, bytes, field));
    else if (field.type === Type.Utf8View) texts.set(field.name, viewCollector(path, bytes, field));
    else notRead.set(field.name, `is a column of ${Type[field.type]}`);
  }
  let rows = 0;
  for await (const batch of readBatches(path, frames)) {
    for (const collector of [...numbers.values(), ...texts.values()]) await (collector as Collector).add(batch);
    rows += batch.rows;
  }
  return {
    rows,
    numbers: new Map([...numbers].map(([name, { finish }]) => [name, finish()])),
    texts,
    notRead,
  };
}

function isFlag(field: ArrowField): boolean {
  return field.type === Type.Bool && !field.isDictionary;
}

function isText(field: ArrowField): boolean {
  return field.type === Type.Utf8 || field.type === Type.LargeUtf8;
}

function numberCollector(file: string, field: ArrowField, buffers: Inflater) {
  const parts: Float64Array[] = [];
  return {
    async add(batch: ArrowBatch) {
      const isThere = await readValidity(file, field, batch, buffers);
      const values = field.dtype
        ? await numbersOf(file, field, field.dtype, batch, buffers, isThere)
        : await flagsOf(file, field, batch, buffers);
      for (let i = 0; i < values.length; i++) if (!isThere(i)) values[i] = Number.NaN;
      parts.push(values);
    },
    finish(): NumberColumn {
      const values = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        values.set(part, at);
        at += part.length;
      }
      return { dtype: field.dtype ?? 'BOOL', values };
    },
  };
}

async function numbersOf(
  file: string,
  field: ArrowField,
  dtype: Dtype,
  batch: ArrowBatch,
  buffers: Inflater,
  isThere: (row: number) => boolean,
) {
  const { source, start } = await openValues(file, field, batch, buffers, 0, batch.rows);
  const column = { file, name: field.name, dtype, bigEndian: false, offset: start, bytes: source };
  return readNumbers(column, batch.rows, isThere);
}

async function flagsOf(file: string, field: ArrowField, batch: ArrowBatch, buffers: Inflater): Promise<Float64Array> {
  const isSet = await readBits(file, field, batch, buffers, 1);
  return Float64Array.from({ length: batch.rows }, (_, i) => Number(isSet(i)));
}
