import { AppError } from '../errors.ts';
import type { Dtype } from '../tensor/dtype.ts';
import { type PythonValue, parsePythonLiteral } from './python-literal.ts';

/** The contents of an .npy header. Format: numpy's `lib/format.py`, versions 1.0, 2.0 and 3.0. */
export interface NpyHeader {
  readonly dtype: Dtype;
  readonly bigEndian: boolean;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
  /** Byte position of the first element, counted from the magic. */
  readonly dataOffset: number;
}

/** `\x93NUMPY` */
const magic = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/** Whether the bytes begin with the magic of .npy. */
export function hasNpyMagic(head: Uint8Array): boolean {
  return magic.every((byte, i) => head[i] === byte);
}

/** numpy itself refuses headers above 10,000 characters; ten times as many still take hardly any memory. */
const longestHeader = 100_000;

/** Finds the header text. `head` holds at least the first 12 bytes, or the whole file if that is shorter. */
export function npyHeaderSpan(where: string, head: Uint8Array): { start: number; length: number; utf8: boolean } {
  if (head.length < 10) throw invalid(where, `is truncated: ${head.length} bytes are too short for a header`);
  if (!hasNpyMagic(head)) throw invalid(where, 'does not begin with the magic bytes of .npy (\\x93NUMPY)');
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const [major, minor] = [view.getUint8(6), view.getUint8(7)];
  if (major < 1 || major > 3 || minor !== 0) {
    throw invalid(where, `has .npy version ${major}.${minor}; versions 1.0, 2.0 and 3.0 exist`);
  }
  if (major > 1 && head.length < 12) throw invalid(where, 'is truncated: it ends in its header');
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > longestHeader) {
    throw invalid(where, `claims a header of ${length} bytes; numpy writes and reads at most 10,000`);
  }
  return { start, length, utf8: major === 3 };
}

/** Parses the header's text. `where` names the file (and member) in errors; `dataOffset` is where the text ends. */
export function parseNpyHeader(where: string, text: string, dataOffset: number): NpyHeader {
  const fields = parseDict(where, text);
  const shape = readShape(where, fields.get('shape'));
  const fortranOrder = fields.get('fortran_order');
  if (typeof fortranOrder !== 'boolean') {
    throw invalid(where, `has a header whose 'fortran_order' is neither True nor False`);
  }
  return { ...readDescr(where, fields.get('descr')), fortranOrder, shape, dataOffset };
}

function parseDict(where: string, text: string): Map<string, PythonValue> {
  let value: PythonValue;
  try {
    value = parsePythonLiteral(text);
  } catch (cause) {
    throw invalid(where, `has a header that is not a Python dict: ${(cause as Error).message}`);
  }
  if (!(value instanceof Map)) throw invalid(where, 'has a header that is not a Python dict');
  for (const key of ['descr', 'fortran_order', 'shape']) {
    if (!value.has(key)) throw invalid(where, `has a header without the key '${key}'`);
  }
  if (value.size !== 3) {
    throw invalid(where, `has a header with keys that do not belong there: ${[...value.keys()].join(', ')}`);
  }
  return value;
}

function readShape(where: string, value: PythonValue | undefined): number[] {
  if (!Array.isArray(value)) throw invalid(where, `has a header whose 'shape' is not a tuple`);
  return value.map((length) => {
    if (typeof length === 'number' && Number.isSafeInteger(length) && length >= 0) return length;
    throw invalid(where, `has a header whose shape holds ${JSON.stringify(length)}, not a count`);
  });
}

const dtypeOf: Readonly<Record<string, Dtype>> = {
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
  b1: 'BOOL',
};

function readDescr(where: string, descr: PythonValue | undefined): { dtype: Dtype; bigEndian: boolean } {
  if (typeof descr !== 'string') {
    throw unsupported(where, 'holds records (a structured dtype), not plain numbers', [
      'save the field that holds the weights: np.save("weights.npy", array["field"])',
    ]);
  }
  const match = /^([<>=|]?)([a-zA-Z]\d*)$/.exec(descr);
  const dtype = dtypeOf[match?.[2] ?? ''];
  if (!match || !dtype) throw refuseDescr(where, descr);
  // '=' or no mark is the writer's own order: every machine that writes weights today is little-endian. '|' is none.
  return { dtype, bigEndian: match[1] === '>' };
}

function refuseDescr(where: string, descr: string): AppError {
  const kind = descr.replace(/^[<>=|]/, '');
  if (kind === 'O') {
    return unsupported(where, 'holds a pickled Python object (dtype |O), which is never loaded', [
      'save the numbers themselves: np.save("weights.npy", np.asarray(array, dtype=np.float32)), or the arrays of a dict: np.savez("weights.npz", **{str(k): v for k, v in np.load("FILE", allow_pickle=True).item().items()})',
    ]);
  }
  if (kind === 'V2') {
    return unsupported(
      where,
      'holds 2-byte void elements (dtype V2), most likely bfloat16 that numpy has no name for',
      ['save as float32 (np.save("weights.npy", array.astype(np.float32))) or as .safetensors, which knows bfloat16'],
    );
  }
  return unsupported(where, `holds elements of dtype '${descr}', which cannot be weights`, [
    'floating point (f2, f4, f8) and integers are read; convert with array.astype(np.float32)',
  ]);
}

/** What most often helps with a file that breaks the rules of its format. */
const damagedHint = 'the file is damaged or incomplete: copy, download or save it again';

/** The error for a file that breaks the rules of its format. */
export function invalid(where: string, problem: string): AppError {
  return new AppError('format_invalid', `${where}: ${problem}`, { hints: [damagedHint], details: { file: where } });
}

function unsupported(where: string, problem: string, hints: string[]): AppError {
  return new AppError('format_unsupported', `${where}: ${problem}`, { hints, details: { file: where } });
}
