import { Endianness } from 'apache-arrow/fb/endianness';
import type { Field } from 'apache-arrow/fb/field';
import { FixedSizeList } from 'apache-arrow/fb/fixed-size-list';
import { FloatingPoint } from 'apache-arrow/fb/floating-point';
import { Int } from 'apache-arrow/fb/int';
import { MetadataVersion } from 'apache-arrow/fb/metadata-version';
import type { Schema } from 'apache-arrow/fb/schema';
import { Type } from 'apache-arrow/fb/type';
import { Union } from 'apache-arrow/fb/union';
import { UnionMode } from 'apache-arrow/fb/union-mode';
import type { Dtype } from '../tensor/dtype.ts';
import { quoted } from '../tensor/tensor.ts';
import { invalid, unsupported } from './arrow-errors.ts';
import { readNotes } from './arrow-flatbuffer.ts';

/** A field of the schema, and where its parts are in the flat lists of every record batch. */
export interface ArrowField {
  readonly name: string;
  readonly type: Type;
  /** Set if the values are numbers, stored one after another. */
  readonly dtype: Dtype | undefined;
  /** Values per row of a FixedSizeList; 0 for other types. */
  readonly listSize: number;
  readonly isDictionary: boolean;
  readonly children: readonly ArrowField[];
  readonly slot: Slot;
}

/** The place of a field in a batch, whose nodes and buffers are listed flat, in the order of a walk through the schema. */
export interface Slot {
  readonly node: number;
  readonly buffer: number;
  /** How many fields before this one have a number of buffers that differs from batch to batch (string views). */
  readonly views: number;
}

export interface ArrowSchema {
  readonly fields: readonly ArrowField[];
  readonly metadata: ReadonlyMap<string, string>;
  /** The slot after the last one: every batch must list at least this many nodes and buffers. */
  readonly end: Slot;
}

const deepest = 32;
/** A table without rows may claim lists of any length; no vector has 16 million dimensions. */
const longestList = 1 << 24;

/** Reads the schema. `schema` must be read over checked bytes. Errors: format_invalid, format_unsupported. */
export function readSchema(file: string, schema: Schema | null, version: MetadataVersion): ArrowSchema {
  if (!schema) throw invalid(file, 'has no schema');
  if (version !== MetadataVersion.V4 && version !== MetadataVersion.V5) {
    const hint = 'write it again with any Arrow of 2018 or later';
    throw unsupported(file, `has Arrow metadata of version ${version + 1}; versions 4 and 5 are read`, hint);
  }
  if (schema.endianness() !== Endianness.Little) {
    throw unsupported(
      file,
      'is big-endian Arrow',
      'write it again on a little-endian machine, or save the array as .npy',
    );
  }
  const next = { node: 0, buffer: 0, views: 0 };
  const fields = Array.from({ length: schema.fieldsLength() }, (_, i) =>
    readField(file, schema.fields(i)!, next, version, 0),
  );
  return { fields, metadata: readNotes(schema), end: next };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function readField(file: string, field: Field, next: Mutable<Slot>, version: number, depth: number): ArrowField {
  if (depth > deepest) throw invalid(file, `has a schema nested deeper than ${deepest} levels`);
  const name = String(field.name() ?? '');
  const type = field.typeType();
  const slot = { ...next };
  const dictionary = field.dictionary();
  const isDictionary = dictionary !== null;
  // Read only to check it: apache-arrow, which gets small files as they are, reads all of this.
  readNotes(field);
  dictionary?.indexType();
  next.node++;
  next.buffer += isDictionary ? 2 : buffersOf(file, name, field, version);
  if (!isDictionary && (type === Type.Utf8View || type === Type.BinaryView)) next.views++;
  // A dictionary's values, and so its children, lie in batches of their own.
  const below = isDictionary ? { node: 0, buffer: 0, views: 0 } : next;
  const children = Array.from({ length: field.childrenLength() }, (_, i) =>
    readField(file, field.children(i)!, below, version, depth + 1),
  );
  const listSize = type === Type.FixedSizeList ? (field.type(new FixedSizeList()) as FixedSizeList).listSize() : 0;
  if (listSize < 0 || listSize > longestList)
    throw invalid(file, `column ${quoted(name)}: claims lists of ${listSize} values`);
  return { name, type, dtype: isDictionary ? undefined : dtypeOf(field), listSize, isDictionary, children, slot };
}

const buffersByType: Partial<Record<Type, number>> = {
  [Type.Null]: 0,
  [Type.RunEndEncoded]: 0,
  [Type.FixedSizeList]: 1,
  [Type.Struct_]: 1,
  [Type.Int]: 2,
  [Type.FloatingPoint]: 2,
  [Type.Bool]: 2,
  [Type.Decimal]: 2,
  [Type.Date]: 2,
  [Type.Time]: 2,
  [Type.Timestamp]: 2,
  [Type.Interval]: 2,
  [Type.Duration]: 2,
  [Type.FixedSizeBinary]: 2,
  [Type.List]: 2,
  [Type.LargeList]: 2,
  [Type.Map]: 2,
  [Type.Utf8View]: 2,
  [Type.BinaryView]: 2,
  [Type.Binary]: 3,
  [Type.Utf8]: 3,
  [Type.LargeBinary]: 3,
  [Type.LargeUtf8]: 3,
  [Type.ListView]: 3,
  [Type.LargeListView]: 3,
};

/** The number of buffers of the field itself, without its children's: a miscount would shift all buffers after it. */
function buffersOf(file: string, name: string, field: Field, version: number): number {
  const type = field.typeType();
  if (type === Type.Union) {
    const dense = (field.type(new Union()) as Union).mode() === UnionMode.Dense;
    return (dense ? 2 : 1) + (version < MetadataVersion.V5 ? 1 : 0);
  }
  const buffers = buffersByType[type];
  if (buffers === undefined) throw invalid(file, `column ${quoted(name)}: has type ${type}, which Arrow does not have`);
  return buffers;
}

const floats: readonly Dtype[] = ['F16', 'F32', 'F64'];

function dtypeOf(field: Field): Dtype | undefined {
  const type = field.typeType();
  if (type === Type.FloatingPoint) return floats[(field.type(new FloatingPoint()) as FloatingPoint).precision()];
  if (type !== Type.Int) return undefined;
  const int = field.type(new Int()) as Int;
  const bits = int.bitWidth();
  return [8, 16, 32, 64].includes(bits) ? (`${int.isSigned() ? 'I' : 'U'}${bits}` as Dtype) : undefined;
}
