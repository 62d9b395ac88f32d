// AssemblyScript. The printer's second step: splits decimals into characters.
import { characters, decimals, places } from './addresses';

/** Splits decimals of so many bytes into characters, eight at a time: up to four that follow them are split as well. */
export function split(size: usize): void {
  for (let at: usize = 0; at < size; at += 32) {
    splitFour(at);
    splitFour(at + 16);
  }
}

/** Stores the characters of four decimals, which have seven to nine digits, and where each value's shape is. */
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
