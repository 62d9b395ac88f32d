// AssemblyScript. Prints float32 values as JSON numbers, four at a time. plain-floats.ts does the same in JavaScript, and
// tables.ts explains how it works.
import { input, plainUnits, shapes } from './addresses';
import { exactCount, firstExact, firstPlain, plainCount, printEach } from './rare-floats';

export { capacity, input, output, plainUnits, powers, scales, shapes, units } from './addresses';

/** The position of the decimal point that shapes count from. Points actually come after -4 to 9 digits. */
const lowestPoint: i32 = -8;

/** Prints `count` values of `input` to an address, each with a comma. Returns the bytes written; 0 if one is not finite. */
export function print(count: i32, to: usize): i32 {
  let out = to;
  let at = input;
  for (const end = input + ((<usize>count >> 2) << 4); at < end; at += 16) {
    const bits = v128.load(at);
    out = isExact(bits) ? printFour(bits, at, out, false) : printOthers(at, out);
    if (!out) return 0;
  }
  if (count & 3) out = printEach(at, count & 3, out);
  return out ? <i32>(out - to) : 0;
}

/** Prints four values that are not all exact. Exported to keep it apart: inlined into the loop it would take registers. */
export function printOthers(at: usize, out: usize): usize {
  const bits = v128.load(at);
  return isPlain(bits) ? printFour(bits, at, out, true) : printEach(at, 4, out);
}

/** Whether 24 bits of fraction hold the scaled values of all four, and none is a power of two. */
@inline
function isExact(bits: v128): bool {
  return !v128.any_true(v128.or(areOutside(bits, firstExact, exactCount), arePowers(bits)));
}

/** Whether all four are written without an exponent. */
@inline
function isPlain(bits: v128): bool {
  return !v128.any_true(areOutside(bits, firstPlain, plainCount));
}

/** Which are outside `count` exponents from `first`. Moved to the lowest signed number, the range takes one comparison. */
@inline
function areOutside(bits: v128, first: u32, count: u32): v128 {
  const above = i32x4.sub(i32x4.shl(bits, 1), i32x4.splat((first << 24) ^ 0x80000000));
  return i32x4.gt_s(above, i32x4.splat(((count << 24) - 1) ^ 0x80000000));
}

/** Which of the four have a fraction of 0, as powers of two have. */
@inline
function arePowers(bits: v128): v128 {
  return i32x4.eq(v128.and(bits, i32x4.splat(0x7fffff)), i32x4.splat(0));
}

/** Prints four plain values; with `careful`, also powers of two, and those whose scaled values are rounded. */
@inline
function printFour(bits: v128, at: usize, out: usize, careful: bool): usize {
  const significand = v128.or(v128.and(bits, i32x4.splat(0x7fffff)), i32x4.splat(0x800000));
  const a = v128.load(unitOf(at, 0));
  const b = v128.load(unitOf(at, 1));
  const c = v128.load(unitOf(at, 2));
  const d = v128.load(unitOf(at, 3));
  const ab = i64x2.shuffle(a, b, 1, 3);
  const cd = i64x2.shuffle(c, d, 1, 3);
  const scale7 = i32x4.shuffle(ab, cd, 0, 2, 4, 6);
  const reach = i32x4.shuffle(ab, cd, 1, 3, 5, 7);

  // The scaled values with 24 bits of fraction, below 2^52.
  const scaledAb = f64x2.mul(f64x2.convert_low_i32x4_u(significand), i64x2.shuffle(a, b, 0, 2));
  const upper = i64x2.shuffle(significand, significand, 1, 1);
  const scaledCd = f64x2.mul(f64x2.convert_low_i32x4_u(upper), i64x2.shuffle(c, d, 0, 2));
  const tenth = f64x2.splat(0.1 / 16777216.0);
  const ten = nearest(f64x2.mul(scaledAb, tenth), f64x2.mul(scaledCd, tenth));
  const tens = i32x4.add(i32x4.shl(ten, 3), i32x4.shl(ten, 1));
  // How far a value is above its nearest multiple of ten: within 6 · 2^24 either way, so the higher bits cancel out.
  const rest = i32x4.sub(nearest(scaledAb, scaledCd), i32x4.shl(tens, 24));
  const near = careful ? halvedAtPowers(reach, rest, bits) : reach;
  if (careful && isDoubtful(rest, near, bits)) return printEach(at, 4, out);
  const units = i32x4.shr_s(i32x4.add(rest, i32x4.splat(1 << 23)), 24);
  const isTen = i32x4.lt_s(i32x4.abs(rest), near);
  return writeFour(i32x4.add(tens, v128.andnot(units, isTen)), scale7, i32x4.shr_u(bits, 31), out);
}

/** Returns the address of a value's unit: the exponent times 16, out of the upper half of the value's bits. */
@inline
function unitOf(at: usize, lane: usize): usize {
  return plainUnits + <usize>((<u32>load<u16>(at + (lane << 2) + 2) >> 3) & 0xff0);
}

/**
 * The low 32 bits of the integers nearest to four numbers below 2^52: 2^52 + x has that integer in the low bits of its
 * significand (H. S. Warren, Hacker's Delight, 2nd ed., 17-2).
 */
@inline
function nearest(ab: v128, cd: v128): v128 {
  const magic = f64x2.splat(4503599627370496.0);
  return i32x4.shuffle(f64x2.add(ab, magic), f64x2.add(cd, magic), 0, 2, 4, 6);
}

/** Halves the reach below powers of two: the value below one is half as far away as the one above it. */
@inline
function halvedAtPowers(reach: v128, rest: v128, bits: v128): v128 {
  const half = i32x4.shr_u(i32x4.add(reach, i32x4.splat(1)), 1);
  return v128.bitselect(half, reach, v128.and(arePowers(bits), i32x4.gt_s(rest, i32x4.splat(0))));
}

/** Whether 24 bits of fraction are too few for one of the four: it is on the edge of being near enough, or of rounding. */
@inline
function isDoubtful(rest: v128, reach: v128, bits: v128): bool {
  const atEdge = i32x4.lt_u(i32x4.sub(i32x4.abs(rest), reach), i32x4.splat(5));
  const fromHalf = v128.and(i32x4.add(rest, i32x4.splat((1 << 23) + 2)), i32x4.splat(0xffffff));
  const isNear = v128.or(atEdge, i32x4.lt_u(fromHalf, i32x4.splat(4)));
  return v128.any_true(v128.and(isNear, areOutside(bits, firstExact, exactCount)));
}

/** Writes four values `decimal · 10^(scale7 - 7)`; decimals have seven to nine digits. */
@inline
function writeFour(decimal: v128, scale7: v128, sign: v128, out: usize): usize {
  // Comparisons are 0 or -1.
  const has8 = i32x4.gt_s(decimal, i32x4.splat(9999999));
  const has9 = i32x4.gt_s(decimal, i32x4.splat(99999999));
  const point = i32x4.sub(i32x4.sub(scale7, has8), has9);
  const factor7 = i32x4.splat(100);
  const factor = i32x4.sub(i32x4.sub(factor7, v128.and(has8, i32x4.splat(90))), v128.and(has9, i32x4.splat(9)));
  const nine = i32x4.mul(decimal, factor);
  const five = divideByTenThousand(nine);
  const low = i32x4.sub(nine, i32x4.mul(five, i32x4.splat(10000)));
  // 10000 is 16 · 625.
  const first = i32x4.shr_u(timesSmall(i32x4.shr_u(five, 4), 26844), 24);
  const high = i32x4.sub(five, timesSmall(first, 10000));
  const digitsAb = splitDigits(i32x4.shuffle(high, low, 0, 4, 1, 5));
  const digitsCd = splitDigits(i32x4.shuffle(high, low, 2, 6, 3, 7));

  const shape = i32x4.shl(i32x4.add(i32x4.sub(point, i32x4.splat(lowestPoint)), i32x4.shl(sign, 5)), 5);
  // The other characters go next to the first digit: 0, point and minus.
  const others = i64x2.splat(0x2d2e3030);
  const firstAb = v128.or(i64x2.extend_low_i32x4_u(first), others);
  const firstCd = v128.or(i64x2.extend_high_i32x4_u(first), others);
  const textAb = v128.or(digitsAb, i8x16.splat(0x30));
  const textCd = v128.or(digitsCd, i8x16.splat(0x30));
  const a = i64x2.shuffle(firstAb, textAb, 0, 2);
  const b = i64x2.shuffle(firstAb, textAb, 1, 3);
  const c = i64x2.shuffle(firstCd, textCd, 0, 2);
  const d = i64x2.shuffle(firstCd, textCd, 1, 3);
  out = writeOne(a, i64x2.extract_lane(digitsAb, 0), i32x4.extract_lane(shape, 0), out);
  out = writeOne(b, i64x2.extract_lane(digitsAb, 1), i32x4.extract_lane(shape, 1), out);
  out = writeOne(c, i64x2.extract_lane(digitsCd, 0), i32x4.extract_lane(shape, 2), out);
  return writeOne(d, i64x2.extract_lane(digitsCd, 1), i32x4.extract_lane(shape, 3), out);
}

/** Writes a value's characters in the order of its shape, 16 bytes at once; the next value overwrites what is too much. */
@inline
function writeOne(characters: v128, digits: i64, shape: i32, out: usize): usize {
  const layout = shapes + <usize>shape;
  v128.store(out, i8x16.swizzle(characters, v128.load(layout)));
  const zerosAtEnd = <usize>(clz(digits) >> 3);
  const end = out + load<u8>(layout + zerosAtEnd, 16);
  store<u8>(end - 1, 0x2c);
  return end;
}

/** `floor(x / 10000)` of numbers below 2^30, as a product (Hacker's Delight, 10-9). */
@inline
function divideByTenThousand(x: v128): v128 {
  const factor = i32x4.splat(3518437209);
  const halves = i32x4.shuffle(i64x2.extmul_low_i32x4_u(x, factor), i64x2.extmul_high_i32x4_u(x, factor), 1, 3, 5, 7);
  return i32x4.shr_u(halves, 13);
}

/** Splits numbers below 10^4 into four digits, one per byte (W. Muła, "SSE: conversion integers to decimal", 2011). */
@inline
function splitDigits(x: v128): v128 {
  const hundreds = i32x4.shr_u(timesSmall(x, 10486), 20);
  const pairs = v128.or(hundreds, i32x4.shl(i32x4.sub(x, timesSmall(hundreds, 100)), 16));
  const tens = i16x8.shr_u(i16x8.mul(pairs, i16x8.splat(103)), 10);
  return v128.or(tens, i16x8.shl(i16x8.sub(pairs, i16x8.mul(tens, i16x8.splat(10))), 8));
}

/** `x · factor`, both below 2^15: a single instruction on most machines, unlike products of 32 bits. */
@inline
function timesSmall(x: v128, factor: i32): v128 {
  return i32x4.dot_i16x8_s(x, i32x4.splat(factor));
}
