import { endianness } from 'node:os';
import { openedFloat32Values } from './float32-values.ts';

/** Element types of weights, by their safetensors names. */
export type Dtype = keyof typeof dtypes;

/** Writes `count` elements of `bytes` (8-byte aligned, in the machine's byte order) as float32 into `out` from `at`. */
type Decode = (bytes: Uint8Array<ArrayBuffer>, count: number, out: Float32Array, at: number) => void;

interface DtypeEntry {
  /** Bytes per element. */
  readonly size: number;
  readonly float: boolean;
  readonly decode: Decode;
}

const hostIsLittleEndian = endianness() === 'LE';

type NumberArray = { readonly length: number; [index: number]: number };

/** Returns a decoder for types with a typed array of their own; assigning to `out` rounds the values to float32. */
function viewed(View: new (buffer: ArrayBuffer, offset: number, length: number) => NumberArray): Decode {
  return (bytes, count, out, at) => out.set(new View(bytes.buffer, bytes.byteOffset, count), at);
}

/** Returns a decoder for 64-bit integers: these are BigInts, which typed arrays of numbers do not take. */
function viewedBig(View: typeof BigInt64Array | typeof BigUint64Array): Decode {
  return (bytes, count, out, at) => {
    const view = new View(bytes.buffer, bytes.byteOffset, count);
    for (let i = 0; i < count; i++) out[at + i] = Number(view[i]);
  };
}

/**
 * Decodes with the kernel, which takes a tenth to a third of the time. Decoding alone does not open it: it takes 10 GB of
 * address space, which a server's answers need first where that is scarce, and time that a single vector does not.
 */
function widened(dtype: 'BF16' | 'F16', plainly: Decode): Decode {
  return (bytes, count, out, at) => {
    const kernel = openedFloat32Values();
    if (kernel) kernel.widen(dtype, bytes, count, out, at);
    else plainly(bytes, count, out, at);
  };
}

/** bfloat16 is the upper half of a float32. */
export const decodeBf16: Decode = (bytes, count, out, at) => {
  const bits = new Int32Array(out.buffer, out.byteOffset + 4 * at, count);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, count);
  for (let i = 0; i < count; i++) bits[i] = (halves[i] as number) << 16;
};

let float16Table: Int32Array | undefined;

/** The float32 bits of all 65,536 float16 values: a look-up is several times faster than decoding each value. */
function float16Bits(): Int32Array {
  if (float16Table) return float16Table;
  const values = new Float32Array(65536);
  float16Table = new Int32Array(values.buffer);
  for (let half = 0; half < 65536; half++) {
    values[half] = float16ToNumber(half);
    // A NaN keeps its sign and fraction, which numbers do not have.
    if ((half & 0x7fff) > 0x7c00) float16Table[half] = ((half & 0x8000) << 16) | 0x7f800000 | ((half & 0x3ff) << 13);
  }
  return float16Table;
}

/** Converts IEEE 754 binary16 bits to a number. */
export function float16ToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

export const decodeF16: Decode = (bytes, count, out, at) => {
  const table = float16Bits();
  const bits = new Int32Array(out.buffer, out.byteOffset + 4 * at, count);
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, count);
  for (let i = 0; i < count; i++) bits[i] = table[halves[i] as number] as number;
};

/** Decodes an 8-bit float. Only E5M2 reserves its highest exponent for infinities and NaN, as IEEE 754 does. */
function float8ToNumber(bits: number, type: 'E4M3' | 'E5M2'): number {
  const [fractionBits, bias] = type === 'E4M3' ? [3, 7] : [2, 15];
  const magnitude = bits & 0x7f;
  const fraction = magnitude % 2 ** fractionBits;
  const exponent = magnitude >> fractionBits;
  const sign = bits & 0x80 ? -1 : 1;
  if (type === 'E4M3' ? magnitude === 0x7f : magnitude > 0x7c) return Number.NaN;
  if (type === 'E5M2' && magnitude === 0x7c) return sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits);
  return sign * (2 ** fractionBits + fraction) * 2 ** (exponent - bias - fractionBits);
}

function decodeF8(type: 'E4M3' | 'E5M2'): Decode {
  let table: Float32Array | undefined;
  return (bytes, count, out, at) => {
    table ??= Float32Array.from({ length: 256 }, (_, bits) => float8ToNumber(bits, type));
    for (let i = 0; i < count; i++) out[at + i] = table[bytes[i] as number] as number;
  };
}

/** Writers store true as 1, but readers take any byte other than 0 as true. */
const decodeBool: Decode = (bytes, count, out, at) => {
  for (let i = 0; i < count; i++) out[at + i] = bytes[i] === 0 ? 0 : 1;
};

const dtypes = {
  F64: { size: 8, float: true, decode: viewed(Float64Array) },
  F32: { size: 4, float: true, decode: viewed(Float32Array) },
  F16: { size: 2, float: true, decode: widened('F16', decodeF16) },
  BF16: { size: 2, float: true, decode: widened('BF16', decodeBf16) },
  F8_E4M3: { size: 1, float: true, decode: decodeF8('E4M3') },
  F8_E5M2: { size: 1, float: true, decode: decodeF8('E5M2') },
  I64: { size: 8, float: false, decode: viewedBig(BigInt64Array) },
  U64: { size: 8, float: false, decode: viewedBig(BigUint64Array) },
  I32: { size: 4, float: false, decode: viewed(Int32Array) },
  U32: { size: 4, float: false, decode: viewed(Uint32Array) },
  I16: { size: 2, float: false, decode: viewed(Int16Array) },
  U16: { size: 2, float: false, decode: viewed(Uint16Array) },
  I8: { size: 1, float: false, decode: viewed(Int8Array) },
  U8: { size: 1, float: false, decode: viewed(Uint8Array) },
  BOOL: { size: 1, float: false, decode: decodeBool },
} as const satisfies Record<string, DtypeEntry>;

/** Whether a name is an element type that this tool decodes. */
export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(dtypes, name);
}

/** Bytes per element of this type. */
export function dtypeSize(dtype: Dtype): number {
  return dtypes[dtype].size;
}

/** Whether the type is a floating-point one (weights are; indices, flags and counts are not). */
export function isFloat(dtype: Dtype): boolean {
  return dtypes[dtype].float;
}

/**
 * Decodes `count` elements from the start of `bytes` to float32, rounding to nearest if the type is wider.
 * `bytes` must be 8-byte aligned. It is swapped in place if its byte order is not the machine's.
 */
export function decode(
  dtype: Dtype,
  bigEndian: boolean,
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  out: Float32Array,
  at: number,
): void {
  const { size, decode: decodeElements } = dtypes[dtype];
  if (bigEndian === hostIsLittleEndian) swapBytes(bytes, count * size, size);
  decodeElements(bytes, count, out, at);
}

function swapBytes(bytes: Uint8Array, length: number, size: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, length);
  if (size === 2) buffer.swap16();
  else if (size === 4) buffer.swap32();
  else if (size === 8) buffer.swap64();
}
