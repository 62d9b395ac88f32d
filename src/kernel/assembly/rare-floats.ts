// AssemblyScript. Prints float32 values of any kind one at a time, for those that cannot be printed four at a time.
import { powers, scales, units } from './addresses';

/** The same as in tables.ts. */
const edge: f64 = 1.0 / 268435456;
export const firstPlain: u32 = 111;
export const plainCount: u32 = 43;
export const firstExact: u32 = 115;
export const exactCount: u32 = 39;

/** Prints `count` values from an address, each with a comma, and returns where it stopped; 0 if one is not finite. */
export function printEach(from: usize, count: i32, out: usize): usize {
  for (const end = from + (<usize>count << 2); from < end; from += 4) {
    out = printOne(load<u32>(from), out);
    if (!out) return 0;
    store<u8>(out++, 0x2c);
  }
  return out;
}

function printOne(bits: u32, out: usize): usize {
  const exponent = (bits >> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent == 0xff) return 0;
  if (bits >> 31) store<u8>(out++, 0x2d);
  if (fraction == 0) {
    const text = powers + (<usize>exponent << 4);
    v128.store(out, v128.load(text, 1));
    return out + load<u8>(text);
  }
  const decimal = shortestDecimal(exponent == 0 ? fraction : fraction | 0x800000, exponent);
  const isPlain = exponent - firstPlain < plainCount;
  return writeDecimal(decimal, load<i32>(scales + (<usize>exponent << 2)), isPlain, out);
}

function shortestDecimal(significand: u32, exponent: u32): u32 {
  const high = load<f64>(units + (<usize>exponent << 4));
  const low = load<f64>(units + (<usize>exponent << 4), 8);
  const scaled = <f64>significand * high;
  let tens = <u32>scaled / 10 * 10;
  let rest = scaled - <f64>tens + <f64>significand * low;
  if (rest >= 10) {
    rest -= 10;
    tens += 10;
  }
  const reach = (high + low) * 0.5 - edge;
  if (rest < reach) return tens;
  if (10 - rest < reach) return tens + 10;
  return tens + <u32>(rest + 0.5);
}

function writeDecimal(decimal: u32, power: i32, isPlain: bool, out: usize): usize {
  while (decimal % 10 == 0) {
    decimal /= 10;
    power++;
  }
  let count = 1;
  for (let rest = decimal; rest >= 10; rest /= 10) count++;
  const before = count + power;
  if (!isPlain) return writeScientific(decimal, count, before - 1, out);
  if (before >= count) {
    out = writeDigits(decimal, count, count, out);
    for (let i = count; i < before; i++) store<u8>(out++, 0x30);
    return out;
  }
  if (before > 0) return writeDigits(decimal, count, before, out);
  store<u16>(out, 0x2e30);
  out += 2;
  for (let i = before; i < 0; i++) store<u8>(out++, 0x30);
  return writeDigits(decimal, count, count, out);
}

/** Writes `count` digits, with a point after the first `before` of them unless these are all. */
function writeDigits(decimal: u32, count: i32, before: i32, out: usize): usize {
  const hasPoint = <i32>(before < count);
  for (let i = count - 1; i >= 0; i--) {
    store<u8>(out + <usize>(i < before ? i : i + 1), <u8>(0x30 + (decimal % 10)));
    decimal /= 10;
  }
  if (hasPoint) store<u8>(out + <usize>before, 0x2e);
  return out + <usize>(count + hasPoint);
}

function writeScientific(decimal: u32, count: i32, exponent: i32, out: usize): usize {
  out = writeDigits(decimal, count, 1, out);
  store<u8>(out++, 0x65);
  if (exponent < 0) store<u8>(out++, 0x2d);
  const size = <u32>abs(exponent);
  return writeDigits(size, size < 10 ? 1 : 2, 2, out);
}
