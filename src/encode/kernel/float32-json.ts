// AssemblyScript. Prints float32 values as JSON numbers, four at a time; plain-floats.ts does the same in JavaScript and
// tables.ts says how it works.
import { input, layouts, output, plainUnits } from './addresses';
import { firstPlain, plainCount, printEach } from './rare-floats';

export { capacity, input, layouts, output, plainUnits, powers, scales, units } from './addresses';

/** The decimal point stands behind -4 to 9 digits. */
const lowestPoint: i32 = -8;

/** Prints `count` values of `input` to `output`, a comma after each. Returns the bytes; 0 where one is not finite. */
export function print(count: i32): i32 {
  let out = output;
  let at = input;
  for (const end = input + ((<usize>count >> 2) << 4); at < end; at += 16) {
    const bits = v128.load(at);
    out = isPlain(bits) ? printFour(bits, at, out) : printEach(at, 4, out);
    if (!out) return 0;
  }
  if (count & 3) out = printEach(at, count & 3, out);
  return out ? <i32>(out - output) : 0;
}

/** Whether all four lie within [2^-16, 2^27) and none is a power of two. */
@inline
function isPlain(bits: v128): bool {
  const exponent = i32x4.shr_u(i32x4.shl(bits, 1), 24);
  const inRange = i32x4.lt_u(i32x4.sub(exponent, i32x4.splat(firstPlain)), i32x4.splat(plainCount));
  const fraction = v128.and(bits, i32x4.splat(0x7fffff));
  return i32x4.all_true(v128.and(inRange, i32x4.ne(fraction, i32x4.splat(0))));
}

@inline
function printFour(bits: v128, at: usize, out: usize): usize {
  const exponent = i32x4.shr_u(i32x4.shl(bits, 1), 24);
  const significand = v128.or(v128.and(bits, i32x4.splat(0x7fffff)), i32x4.splat(0x800000));
  const a = v128.load(plainUnits + (<usize>i32x4.extract_lane(exponent, 0) << 4));
  const b = v128.load(plainUnits + (<usize>i32x4.extract_lane(exponent, 1) << 4));
  const c = v128.load(plainUnits + (<usize>i32x4.extract_lane(exponent, 2) << 4));
  const d = v128.load(plainUnits + (<usize>i32x4.extract_lane(exponent, 3) << 4));
  const ab = i64x2.shuffle(a, b, 1, 3);
  const cd = i64x2.shuffle(c, d, 1, 3);
  const scale7 = i32x4.shuffle(ab, cd, 0, 2, 4, 6);
  const reach = i32x4.shuffle(ab, cd, 1, 3, 5, 7);

  // 2^52 + x has the integer nearest to x in its low 52 bits (H. S. Warren, Hacker's Delight, 2nd ed., 17-2): here the
  // scaled value with 24 bits of fraction, below 2^52.
  const magic = f64x2.splat(4503599627370496.0);
  const scaledAb = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_u(significand), i64x2.shuffle(a, b, 0, 2)), magic);
  const upper = i64x2.shuffle(significand, significand, 1, 1);
  const scaledCd = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_u(upper), i64x2.shuffle(c, d, 0, 2)), magic);
  const shifted = i32x4.shuffle(i64x2.shr_u(scaledAb, 24), i64x2.shr_u(scaledCd, 24), 0, 2, 4, 6);
  const whole = v128.and(shifted, i32x4.splat(0x0fffffff));
  const tens = i32x4.mul(divide(whole, 429496730, 0), i32x4.splat(10));
  // Below 10 · 2^24: its higher bits cancel out.
  const rest = i32x4.sub(i32x4.shuffle(scaledAb, scaledCd, 0, 2, 4, 6), i32x4.shl(tens, 24));

  const rounded = i32x4.shr_u(i32x4.add(rest, i32x4.splat(1 << 23)), 24);
  const restOfNext = i32x4.sub(i32x4.splat(10 << 24), rest);
  if (isDoubtful(rest, restOfNext, reach)) return printEach(at, 4, out);
  const isTens = i32x4.lt_s(rest, reach);
  const isNextTens = i32x4.lt_s(restOfNext, reach);
  const units = v128.bitselect(i32x4.splat(10), v128.andnot(rounded, isTens), isNextTens);
  return writeFour(i32x4.add(tens, units), scale7, i32x4.shr_u(bits, 31), out);
}

/** Whether 24 bits of fraction are too few for one of the four: it lies on an edge of what is near enough, or of rounding. */
@inline
function isDoubtful(rest: v128, restOfNext: v128, reach: v128): bool {
  const atEdge = i32x4.lt_u(i32x4.sub(rest, reach), i32x4.splat(5));
  const atNextEdge = i32x4.lt_u(i32x4.sub(restOfNext, reach), i32x4.splat(5));
  const fromHalf = v128.and(i32x4.add(rest, i32x4.splat((1 << 23) + 2)), i32x4.splat(0xffffff));
  return v128.any_true(v128.or(v128.or(atEdge, atNextEdge), i32x4.lt_u(fromHalf, i32x4.splat(4))));
}

/** Writes `decimal · 10^(scale7 - 7)`; decimals have seven to nine digits. */
@inline
function writeFour(decimal: v128, scale7: v128, sign: v128, out: usize): usize {
  // Comparisons are 0 or -1.
  const has8 = i32x4.gt_s(decimal, i32x4.splat(9999999));
  const has9 = i32x4.gt_s(decimal, i32x4.splat(99999999));
  const point = i32x4.sub(i32x4.sub(scale7, has8), has9);
  const factor7 = i32x4.splat(100);
  const factor = i32x4.sub(i32x4.sub(factor7, v128.and(has8, i32x4.splat(90))), v128.and(has9, i32x4.splat(9)));
  const nine = i32x4.mul(decimal, factor);
  const first = divide(nine, 1441151881, 25);
  const eight = i32x4.sub(nine, i32x4.mul(first, i32x4.splat(100000000)));
  const high = divide(eight, 3518437209, 13);
  const low = i32x4.sub(eight, i32x4.mul(high, i32x4.splat(10000)));
  const digitsAb = splitDigits(i32x4.shuffle(high, low, 0, 4, 1, 5));
  const digitsCd = splitDigits(i32x4.shuffle(high, low, 2, 6, 3, 7));

  const layout = i32x4.shl(i32x4.add(i32x4.sub(point, i32x4.splat(lowestPoint)), i32x4.shl(sign, 5)), 4);
  // Sign, "0." and zeros where the value is below 1 or the point, nine digits, comma; less the zeros at the end.
  const zeros = i32x4.max_s(i32x4.sub(i32x4.splat(1), point), i32x4.splat(0));
  const longest = i32x4.add(i32x4.add(sign, zeros), i32x4.splat(11));
  // All zeros at the end stand behind the point only if they are fewer than this; otherwise the text ends at the point.
  const behind = i32x4.sub(i32x4.splat(9), point);
  const integer = i32x4.add(i32x4.add(sign, point), i32x4.splat(1));
  // Beside the digit the other characters: 0, point and minus, less the 0x30 that is added to all.
  const others = i64x2.splat(0xfdfe0000);
  const firstAb = v128.or(i64x2.extend_low_i32x4_u(first), others);
  const firstCd = v128.or(i64x2.extend_high_i32x4_u(first), others);
  out = writeOne(
    i64x2.shuffle(firstAb, digitsAb, 0, 2),
    i64x2.extract_lane(digitsAb, 0),
    i32x4.extract_lane(layout, 0),
    i32x4.extract_lane(longest, 0),
    i32x4.extract_lane(behind, 0),
    i32x4.extract_lane(integer, 0),
    out,
  );
  out = writeOne(
    i64x2.shuffle(firstAb, digitsAb, 1, 3),
    i64x2.extract_lane(digitsAb, 1),
    i32x4.extract_lane(layout, 1),
    i32x4.extract_lane(longest, 1),
    i32x4.extract_lane(behind, 1),
    i32x4.extract_lane(integer, 1),
    out,
  );
  out = writeOne(
    i64x2.shuffle(firstCd, digitsCd, 0, 2),
    i64x2.extract_lane(digitsCd, 0),
    i32x4.extract_lane(layout, 2),
    i32x4.extract_lane(longest, 2),
    i32x4.extract_lane(behind, 2),
    i32x4.extract_lane(integer, 2),
    out,
  );
  return writeOne(
    i64x2.shuffle(firstCd, digitsCd, 1, 3),
    i64x2.extract_lane(digitsCd, 1),
    i32x4.extract_lane(layout, 3),
    i32x4.extract_lane(longest, 3),
    i32x4.extract_lane(behind, 3),
    i32x4.extract_lane(integer, 3),
    out,
  );
}

/** Puts a value's characters where its layout has them, 16 bytes at once; what is too much is overwritten by the next. */
@inline
function writeOne(
  characters: v128,
  digits: i64,
  layout: i32,
  longest: i32,
  behind: i32,
  integer: i32,
  out: usize,
): usize {
  const zerosAtEnd = <i32>(clz(digits) >> 3);
  v128.store(out, i8x16.swizzle(i8x16.add(characters, i8x16.splat(0x30)), v128.load(layouts + <usize>layout)));
  const end = out + <usize>(zerosAtEnd < behind ? longest - zerosAtEnd : integer);
  store<u8>(end - 1, 0x2c);
  return end;
}

/** `floor(x · factor / 2^(32 + shift))`: division by a constant (Hacker's Delight, 2nd ed., 10-9). */
@inline
function divide(x: v128, factor: u32, shift: i32): v128 {
  const by = i32x4.splat(factor);
  const halves = i32x4.shuffle(i64x2.extmul_low_i32x4_u(x, by), i64x2.extmul_high_i32x4_u(x, by), 1, 3, 5, 7);
  return i32x4.shr_u(halves, shift);
}

/** Numbers below 10^4 as four digits each, a byte a digit (W. Muła, "SSE: conversion integers to decimal", 2011). */
@inline
function splitDigits(x: v128): v128 {
  const hundreds = i32x4.shr_u(i32x4.mul(x, i32x4.splat(10486)), 20);
  const pairs = v128.or(hundreds, i32x4.shl(i32x4.sub(x, i32x4.mul(hundreds, i32x4.splat(100))), 16));
  const tens = i16x8.shr_u(i16x8.mul(pairs, i16x8.splat(103)), 10);
  return v128.or(tens, i16x8.shl(i16x8.sub(pairs, i16x8.mul(tens, i16x8.splat(10))), 8));
}
