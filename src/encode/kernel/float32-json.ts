// AssemblyScript. Prints float32 values as JSON numbers, eight at a time. plain-floats.ts does the same in JavaScript, and
// tables.ts explains how it works.
//
// A batch of values takes three short loops: the first finds their decimals, the second splits these into digits, and the
// third puts characters in order. Rounds of a short loop overlap in a processor; in one long loop with all three steps,
// each would wait for its own results, which takes a third longer.
import {
  characters,
  decimals,
  input,
  mostInBatch,
  places,
  plainUnits,
  shapes,
} from './addresses';
import { exactCount, firstExact, firstPlain, plainCount, printEach } from './rare-floats';

export { capacity, input, output, plainUnits, powers, scales, shapes, units } from './addresses';

/** Prints `count` values of `input` to an address, each with a comma. Returns the bytes written; 0 if one is not finite. */
export function print(count: i32, to: usize): i32 {
  let out = to;
  let at = input;
  const end = input + ((<usize>count >> 2) << 4);
  while (at < end) {
    const stop = scale(at, min(end, at + (mostInBatch << 2)));
    if (stop > at) {
      split(stop - at);
      out = write(stop - at, out);
      at = stop;
    } else {
      out = printEach(at, 4, out);
      if (!out) return 0;
      at += 16;
    }
  }
  if (count & 3) out = printEach(at, count & 3, out);
  return out ? <i32>(out - to) : 0;
}

/** Finds decimals and places of values up to `end`. Returns where it stopped: at four that must be printed one by one. */
export function scale(at: usize, end: usize): usize {
  let to: usize = 0;
  for (; at + 32 <= end; at += 32, to += 32) {
    const one = v128.load(at);
    const two = v128.load(at, 16);
    if (v128.any_true(v128.or(areInexact(one), areInexact(two)))) {
      if (!scaleOthers(at, to)) return at;
      if (!scaleOthers(at + 16, to + 16)) return at + 16;
    } else {
      scaleFour(one, at, to, false);
      scaleFour(two, at + 16, to + 16, false);
    }
  }
  return at < end && scaleOthers(at, to) ? at + 16 : at;
}

/** Scales four values that need not be exact. Exported to keep it apart: inlined into the loop it would take registers. */
export function scaleOthers(at: usize, to: usize): bool {
  const bits = v128.load(at);
  return isPlain(bits) ? scaleFour(bits, at, to, true) : false;
}

/** Which need more than 24 bits of fraction for their scaled values, or are powers of two. */
@inline
function areInexact(bits: v128): v128 {
  return v128.or(areOutside(bits, firstExact, exactCount), arePowers(bits));
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

/**
 * Stores decimals and places of four plain values; with `careful`, also of powers of two, and of those whose scaled values
 * are rounded. Returns false, then, if 24 bits of fraction are too few.
 */
@inline
function scaleFour(bits: v128, at: usize, to: usize, careful: bool): bool {
  const significand = v128.or(v128.and(bits, i32x4.splat(0x7fffff)), i32x4.splat(0x800000));
  const a = v128.load(exponentOf(at, 0), plainUnits);
  const b = v128.load(exponentOf(at, 1), plainUnits);
  const c = v128.load(exponentOf(at, 2), plainUnits);
  const d = v128.load(exponentOf(at, 3), plainUnits);
  const ab = i64x2.shuffle(a, b, 1, 3);
  const cd = i64x2.shuffle(c, d, 1, 3);
  const scale7 = i32x4.shuffle(ab, cd, 0, 2, 4, 6);
  const reach = i32x4.shuffle(ab, cd, 1, 3, 5, 7);

  // The scaled values with 24 bits of fraction, below 2^52.
  const scaledAb = f64x2.mul(f64x2.convert_low_i32x4_s(significand), i64x2.shuffle(a, b, 0, 2));
  const upper = i64x2.shuffle(significand, significand, 1, 1);
  const scaledCd = f64x2.mul(f64x2.convert_low_i32x4_s(upper), i64x2.shuffle(c, d, 0, 2));
  const tenth = f64x2.splat(0.1 / 16777216.0);
  const ten = nearest(f64x2.mul(scaledAb, tenth), f64x2.mul(scaledCd, tenth));
  const tens = i32x4.add(i32x4.shl(ten, 3), i32x4.shl(ten, 1));
  // How far a value is above its nearest multiple of ten: within 6 · 2^24 either way, so the higher bits cancel out.
  const rest = i32x4.sub(nearest(scaledAb, scaledCd), i32x4.shl(tens, 24));
  const near = careful ? halvedAtPowers(reach, rest, bits) : reach;
  if (careful && isDoubtful(rest, near, bits)) return false;
  const units = i32x4.shr_s(i32x4.add(rest, i32x4.splat(1 << 23)), 24);
  const isTen = i32x4.lt_s(i32x4.abs(rest), near);
  v128.store(to, i32x4.add(tens, v128.andnot(units, isTen)), decimals);
  v128.store(to, i32x4.add(scale7, i32x4.shl(i32x4.shr_u(bits, 31), 5)), places);
  return true;
}

/** Returns a value's exponent times 16, out of the upper half of the value's bits. */
@inline
function exponentOf(at: usize, lane: usize): usize {
  return <usize>((<u32>load<u16>(at + (lane << 2), 2) >> 3) & 0xff0);
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

/** Splits decimals of so many bytes into characters. If their number is odd in fours, it also splits what follows them. */
export function split(size: usize): void {
  for (let at: usize = 0; at < size; at += 32) {
    splitFour(at);
    splitFour(at + 16);
  }
}

/** Stores the characters of four values `decimal · 10^(scale7 - 7)`, and which shape each has; decimals have seven to nine digits. */
@inline
function splitFour(at: usize): void {
  const decimal = v128.load(at, decimals);
  // Comparisons are 0 or -1.
  const has8 = i32x4.gt_s(decimal, i32x4.splat(9999999));
  const has9 = i32x4.gt_s(decimal, i32x4.splat(99999999));
  const place = i32x4.sub(i32x4.sub(v128.load(at, places), has8), has9);
  const shape = i32x4.shl(place, 5);
  const factor7 = i32x4.splat(100);
  const factor = i32x4.sub(i32x4.sub(factor7, v128.and(has8, i32x4.splat(90))), v128.and(has9, i32x4.splat(9)));
  const nine = i32x4.mul(decimal, factor);
  const five = divideByTenThousand(nine);
  const low = i32x4.sub(nine, i32x4.mul(five, i32x4.splat(10000)));
  // 10000 is 16 · 625.
  const first = i32x4.shr_u(timesSmall(i32x4.shr_u(five, 4), 26844), 24);
  const high = i32x4.sub(five, timesSmall(first, 10000));

  // Two numbers below 10^4 of each value, then four below 100, then their digits.
  const fours = v128.or(high, i32x4.shl(low, 16));
  const hundreds = divideByHundred(fours);
  const upper = twoDigits(hundreds);
  const lower = twoDigits(i16x8.sub(fours, i16x8.mul(hundreds, i16x8.splat(100))));
  const digitsAb = i16x8.shuffle(upper, lower, 0, 8, 1, 9, 2, 10, 3, 11);
  const digitsCd = i16x8.shuffle(upper, lower, 4, 12, 5, 13, 6, 14, 7, 15);
  // The other characters go next to the first digit: 0, point and minus.
  const others = v128.or(first, i32x4.splat(0x2d2e3030));
  const othersAb = i32x4.shuffle(others, shape, 0, 4, 1, 5);
  const othersCd = i32x4.shuffle(others, shape, 2, 6, 3, 7);
  const to = at << 2;
  v128.store(to, i64x2.shuffle(othersAb, digitsAb, 0, 2), characters);
  v128.store(to, i64x2.shuffle(othersAb, digitsAb, 1, 3), characters + 16);
  v128.store(to, i64x2.shuffle(othersCd, digitsCd, 0, 2), characters + 32);
  v128.store(to, i64x2.shuffle(othersCd, digitsCd, 1, 3), characters + 48);
}

/** `floor(x / 10000)` of numbers below 2^30, as a product (Hacker's Delight, 10-9). */
@inline
function divideByTenThousand(x: v128): v128 {
  const factor = i32x4.splat(3518437209);
  const halves = i32x4.shuffle(i64x2.extmul_low_i32x4_u(x, factor), i64x2.extmul_high_i32x4_u(x, factor), 1, 3, 5, 7);
  return i32x4.shr_u(halves, 13);
}

/** `x · factor`, both below 2^15: a single instruction on most machines, unlike products of 32 bits. */
@inline
function timesSmall(x: v128, factor: i32): v128 {
  return i32x4.dot_i16x8_s(x, i32x4.splat(factor));
}

/** `floor(x / 100)` of numbers below 10^4: 10485 / 2^15 · 2 / 64 is a little less than 1 / 100, and the product is rounded. */
@inline
function divideByHundred(x: v128): v128 {
  return i16x8.shr_u(i16x8.q15mulr_sat_s(i16x8.shl(x, 1), i16x8.splat(10485)), 6);
}

/** The two digits of numbers below 100, tens first: with `t` tens, `256 · (x - 10 t) + t` and the characters' 0 in each byte. */
@inline
function twoDigits(x: v128): v128 {
  const tens = i16x8.shr_u(i16x8.mul(x, i16x8.splat(103)), 10);
  return i16x8.sub(i16x8.add(i16x8.shl(x, 8), i16x8.splat(0x3030)), i16x8.mul(tens, i16x8.splat(2559)));
}

/**
 * Writes values whose decimals took so many bytes, and returns where it stopped. It puts a value's characters in the order
 * of its shape, 16 bytes at once; the next value overwrites what is too much.
 */
export function write(size: usize, out: usize): usize {
  for (let at: usize = 0; at < size << 2; at += 16) {
    const shape = <usize>load<u32>(at, characters + 4);
    v128.store(out, i8x16.swizzle(v128.load(at, characters), v128.load(shape, shapes)));
    const zerosAtEnd = <usize>(clz(load<u64>(at, characters + 8) ^ 0x3030303030303030) >> 3);
    out += load<u8>(shape + zerosAtEnd, shapes + 16);
    store<u8>(out - 1, 0x2c);
  }
  return out;
}
