import { edge, makeUnits, plainExponents, powersOfTwo, type Units } from './tables.ts';

interface Tables extends Units {
  readonly powers: readonly Uint8Array[];
}

/** Made at first use: usually the kernel is used instead. */
let tables: Tables | undefined;

function makeTables(): Tables {
  return { ...makeUnits(), powers: powersOfTwo().map((text) => Buffer.from(text, 'latin1')) };
}

/** Two ASCII digits for each number below 100. */
const pairs = new Uint8Array(200);
for (let i = 0; i < 100; i++) {
  pairs[2 * i] = 48 + Math.floor(i / 10);
  pairs[2 * i + 1] = 48 + (i % 10);
}

const [zero, minus, point, comma, letterE] = [48, 45, 46, 44, 101];

/** Does in plain JavaScript what the WebAssembly kernel does, byte for byte: see `WriteFloats` in `floats.ts`. */
export function writeFloatsPlainly(
  values: Float32Array,
  from: number,
  count: number,
  out: Uint8Array,
  at: number,
): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  tables ??= makeTables();
  let p = at;
  for (let i = from; i < from + count; i++) {
    if (i > from) out[p++] = comma;
    p = writeFloat(bits[i] as number, tables, out, p);
    if (p < 0) return -1;
  }
  return p;
}

function writeFloat(bits: number, tables: Tables, out: Uint8Array, at: number): number {
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 255) return -1;
  let p = at;
  if (bits >>> 31) out[p++] = minus;
  if (fraction === 0) return writePower(exponent, tables, out, p);
  const significand = exponent === 0 ? fraction : fraction | 0x800000;
  const decimal = shortestDecimal(significand, exponent, tables);
  return writeDecimal(decimal, tables.scale[exponent] as number, isPlain(exponent), out, p);
}

function isPlain(exponent: number): boolean {
  return exponent >= plainExponents.first && exponent < plainExponents.first + plainExponents.count;
}

function writePower(exponent: number, { powers }: Tables, out: Uint8Array, at: number): number {
  if (exponent === 0) {
    out[at] = zero;
    return at + 1;
  }
  const text = powers[exponent] as Uint8Array;
  for (let i = 0; i < text.length; i++) out[at + i] = text[i] as number;
  return at + text.length;
}

/** Returns the integer that represents a scaled value: a multiple of ten if one is near enough. */
function shortestDecimal(significand: number, exponent: number, { high, low }: Tables): number {
  const unitHigh = high[exponent] as number;
  const unitLow = low[exponent] as number;
  // The scaled value is below 2^28, so `| 0` is floor and keeps integers in registers. The difference is exact.
  const scaled = significand * unitHigh;
  let tens = ((scaled | 0) / 10) | 0;
  let rest = scaled - tens * 10 + significand * unitLow;
  if (rest >= 10) {
    rest -= 10;
    tens++;
  }
  const reach = (unitHigh + unitLow) * 0.5 - edge;
  if (rest < reach) return tens * 10;
  if (10 - rest < reach) return tens * 10 + 10;
  return tens * 10 + ((rest + 0.5) | 0);
}

const digits = new Uint8Array(10);

/** Writes `decimal · 10^power` without trailing zeros. `decimal` is a positive integer of at most 9 digits. */
function writeDecimal(decimal: number, power: number, plain: boolean, out: Uint8Array, at: number): number {
  splitDigits(decimal);
  let first = 0;
  while (digits[first] === zero) first++;
  let end = 9;
  while (digits[end - 1] === zero) end--;
  // Digits before the decimal point; if negative, this many zeros follow the point.
  const before = 9 - first + power;
  return plain ? writePlain(first, end, before, out, at) : writeScientific(first, end, before - 1, out, at);
}

/** Fills `digits[0..8]` with the nine decimal digits of an integer below 10^9. */
function splitDigits(decimal: number): void {
  const high = (decimal / 10000) | 0;
  const low = decimal - high * 10000;
  const top = (high / 10000) | 0;
  const middle = high - top * 10000;
  digits[0] = zero + top;
  setPair(1, (middle / 100) | 0);
  setPair(3, middle % 100);
  setPair(5, (low / 100) | 0);
  setPair(7, low % 100);
}

function setPair(at: number, number: number): void {
  digits[at] = pairs[2 * number] as number;
  digits[at + 1] = pairs[2 * number + 1] as number;
}

function writePlain(first: number, end: number, before: number, out: Uint8Array, at: number): number {
  let p = at;
  if (before <= 0) {
    out[p++] = zero;
    out[p++] = point;
    for (let i = before; i < 0; i++) out[p++] = zero;
    for (let i = first; i < end; i++) out[p++] = digits[i] as number;
    return p;
  }
  const split = first + before;
  for (let i = first; i < split; i++) out[p++] = i < end ? (digits[i] as number) : zero;
  if (end > split) out[p++] = point;
  for (let i = split; i < end; i++) out[p++] = digits[i] as number;
  return p;
}

function writeScientific(first: number, end: number, exponent: number, out: Uint8Array, at: number): number {
  let p = at;
  out[p++] = digits[first] as number;
  if (end - first > 1) out[p++] = point;
  for (let i = first + 1; i < end; i++) out[p++] = digits[i] as number;
  out[p++] = letterE;
  if (exponent < 0) out[p++] = minus;
  const size = Math.abs(exponent);
  if (size >= 10) out[p++] = pairs[2 * size] as number;
  out[p++] = pairs[2 * size + 1] as number;
  return p;
}
