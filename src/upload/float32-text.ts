/**
 * Prints float32 values as JSON numbers: the shortest decimal (at most 9 significant digits) that reads back as the
 * same float32, directly or as a double rounded to float32.
 *
 * A finite float32 is M·2^q with M < 2^24. Scaled by a power of ten so that one unit in its last place is between
 * 1 and 10, it is an integer of at most 9 digits give or take half a unit, so a multiple of ten within that half is
 * one digit shorter, and there is at most one. Doubles carry this exactly enough to decide all but the closest calls;
 * those, and powers of two and subnormals, whose neighbours lie unevenly, go the slow and certain way.
 */

/** Per binary exponent: the unit in the last place, scaled into [1, 10), and the power of ten it was scaled by. */
const unit = new Float64Array(256);
const scale = new Int32Array(256);
for (let exponent = 1; exponent < 255; exponent++) {
  const ulp = 2 ** (exponent - 150);
  const power = Math.floor(Math.log10(ulp));
  scale[exponent] = power;
  unit[exponent] = scaled(ulp, power);
}

/** `value / 10^power`, rounded once: powers of ten above 10^22 are not doubles, so big integers do the division. */
function scaled(value: number, power: number): number {
  const bits = Math.log2(value);
  const numerator = 2n ** BigInt(Math.max(bits, 0)) * 10n ** BigInt(Math.max(-power, 0));
  const denominator = 2n ** BigInt(Math.max(-bits, 0)) * 10n ** BigInt(Math.max(power, 0));
  return Number((numerator << 100n) / denominator) / 2 ** 100;
}

/** Error of the scaled value in doubles is below 4e-8; a candidate nearer than this to the edge is not decided here. */
const margin = 1e-6;

/** The longest text: sign, 9 digits, point, exponent of two digits with its sign, and the comma after it. */
export const longestFloatText = 16;

/** Two ASCII digits for each number below 100. */
const pairs = new Uint8Array(200);
for (let i = 0; i < 100; i++) {
  pairs[2 * i] = 48 + Math.floor(i / 10);
  pairs[2 * i + 1] = 48 + (i % 10);
}

const digits = new Uint8Array(10);
const oneFloat = new Float32Array(1);
const oneDouble = new Float64Array(1);
const doubleBits = new Uint32Array(oneDouble.buffer);

/**
 * Writes `count` values of `values` from `from` as comma-separated JSON numbers into `out` at `at`, and returns where
 * it stopped. All values must be finite, and `out` must have room for `longestFloatText` bytes each.
 */
export function writeFloats(values: Float32Array, from: number, count: number, out: Uint8Array, at: number): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let p = at;
  for (let i = from; i < from + count; i++) {
    if (i > from) out[p++] = 44;
    p = writeFloat(values[i] as number, bits[i] as number, out, p);
  }
  return p;
}

function writeFloat(value: number, bits: number, out: Uint8Array, at: number): number {
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  let p = at;
  if (bits >>> 31) out[p++] = 45;
  if (exponent === 0 || fraction === 0) return writeSlowly(Math.abs(value), out, p);

  const ulp = unit[exponent] as number;
  const exact = (fraction | 0x800000) * ulp;
  const half = ulp * 0.5 - margin;
  // Below 2^28, so `| 0` is floor, and keeps these in integer registers.
  const tens = ((exact | 0) / 10) | 0;
  const rest = exact - tens * 10;
  let decimal: number;
  if (rest < half) decimal = tens * 10;
  else if (10 - rest < half) decimal = tens * 10 + 10;
  else if (isCloseCall(rest, half)) return writeSlowly(Math.abs(value), out, p);
  else decimal = tens * 10 + ((rest + 0.5) | 0);
  return writeDecimal(decimal, scale[exponent] as number, out, p);
}

/** Whether the scaled value lies so near to where the answer changes that doubles cannot be trusted with it. */
function isCloseCall(rest: number, half: number): boolean {
  return rest - half < 2 * margin || 10 - rest - half < 2 * margin || Math.abs((rest % 1) - 0.5) < 0.5 - half;
}

/** Writes `decimal · 10^power`, decimal being an integer of at most 9 digits above 0, without its trailing zeros. */
function writeDecimal(decimal: number, power: number, out: Uint8Array, at: number): number {
  let count = decimal < 1e7 ? 7 : decimal < 1e8 ? 8 : 9;
  splitDigits(decimal);
  const first = 9 - count;
  const point = count + power;
  while (count > 1 && digits[first + count - 1] === 48) count--;
  return point > -3 && point <= 9
    ? writePlain(first, count, point, out, at)
    : writeScientific(first, count, point, out, at);
}

/** Fills `digits[0..8]` with the nine decimal digits of an integer below 10^9. */
function splitDigits(decimal: number): void {
  const high = (decimal / 10000) | 0;
  const low = decimal - high * 10000;
  const top = (high / 10000) | 0;
  const middle = high - top * 10000;
  digits[0] = 48 + top;
  const a = (middle / 100) | 0;
  const b = middle - a * 100;
  const c = (low / 100) | 0;
  const d = low - c * 100;
  digits[1] = pairs[2 * a] as number;
  digits[2] = pairs[2 * a + 1] as number;
  digits[3] = pairs[2 * b] as number;
  digits[4] = pairs[2 * b + 1] as number;
  digits[5] = pairs[2 * c] as number;
  digits[6] = pairs[2 * c + 1] as number;
  digits[7] = pairs[2 * d] as number;
  digits[8] = pairs[2 * d + 1] as number;
}

/** `point` digits stand before the decimal point; a negative count is that many zeros after it. */
function writePlain(first: number, count: number, point: number, out: Uint8Array, at: number): number {
  let p = at;
  if (point <= 0) {
    out[p++] = 48;
    out[p++] = 46;
    for (let zero = point; zero < 0; zero++) out[p++] = 48;
    for (let i = 0; i < count; i++) out[p++] = digits[first + i] as number;
    return p;
  }
  for (let i = 0; i < point; i++) out[p++] = i < count ? (digits[first + i] as number) : 48;
  if (count > point) {
    out[p++] = 46;
    for (let i = point; i < count; i++) out[p++] = digits[first + i] as number;
  }
  return p;
}

function writeScientific(first: number, count: number, point: number, out: Uint8Array, at: number): number {
  let p = at;
  out[p++] = digits[first] as number;
  if (count > 1) out[p++] = 46;
  for (let i = 1; i < count; i++) out[p++] = digits[first + i] as number;
  out[p++] = 101;
  let exponent = point - 1;
  if (exponent < 0) {
    out[p++] = 45;
    exponent = -exponent;
  }
  if (exponent >= 10) out[p++] = pairs[2 * exponent] as number;
  out[p++] = pairs[2 * exponent + 1] as number;
  return p;
}

/** Tries one digit more until the text reads back: no bound to be argued about, and rare. */
function writeSlowly(value: number, out: Uint8Array, at: number): number {
  let text = '0';
  for (let digitCount = 1; digitCount <= 9 && value > 0; digitCount++) {
    text = shortForm(value.toPrecision(digitCount));
    if (readsBack(text, value)) break;
  }
  for (let i = 0; i < text.length; i++) out[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/**
 * Whether a text is this float32 by both ways of reading. A double that lies exactly between two float32 is refused:
 * the text itself lies a little to one side of it, and reading it directly may end on the other.
 */
function readsBack(text: string, value: number): boolean {
  const double = Number(text);
  oneFloat[0] = double;
  if (oneFloat[0] !== value) return false;
  oneDouble[0] = double;
  const halfway =
    value < 2 ** -126 ? isHalfwaySubnormal(double) : ((doubleBits[0] as number) & 0x1fffffff) === 0x10000000;
  return !halfway;
}

/** Subnormal float32 are multiples of 2^-149. */
function isHalfwaySubnormal(double: number): boolean {
  return Math.abs((double * 2 ** 149) % 1) === 0.5;
}

/** `1.5e-7` as JavaScript prints the double nearest to the text: no `+`, no zeros at the end. */
function shortForm(text: string): string {
  return String(Number(text)).replace('e+', 'e');
}
