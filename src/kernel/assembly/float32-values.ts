// AssemblyScript. Widens half-precision values of `input` to float32 in `output`, and digests float32 values of `input`.
// dtype.ts and float-digest.ts do the same in JavaScript.
import { input, output } from './addresses';

/** Widens bfloat16, the upper halves of float32. It works on eight values at a time, so it writes up to seven more. */
export function widenBf16(count: i32): void {
  const zero = i32x4.splat(0);
  for (let at: usize = 0; at < <usize>count << 1; at += 16) {
    const halves = v128.load(at, input);
    const to = at << 1;
    v128.store(to, i16x8.shuffle(zero, halves, 0, 8, 1, 9, 2, 10, 3, 11), output);
    v128.store(to, i16x8.shuffle(zero, halves, 4, 12, 5, 13, 6, 14, 7, 15), output + 16);
  }
}

/** Widens IEEE 754 binary16, eight values at a time as well. */
export function widenF16(count: i32): void {
  for (let at: usize = 0; at < <usize>count << 1; at += 16) {
    const halves = v128.load(at, input);
    const to = at << 1;
    v128.store(to, widenFour(i32x4.extend_low_i16x8_u(halves)), output);
    v128.store(to, widenFour(i32x4.extend_high_i16x8_u(halves)), output + 16);
  }
}

/** Moved to where float32 has them, a half's exponent and fraction are those of 2^-112 times its value, even if subnormal. */
@inline
function widenFour(halves: v128): v128 {
  const magnitude = i32x4.shl(v128.and(halves, i32x4.splat(0x7fff)), 13);
  const sign = i32x4.shl(v128.and(halves, i32x4.splat(0x8000)), 16);
  const value = f32x4.mul(magnitude, f32x4.splat(5192296858534827628530496329220096.0));
  // Infinities and NaN have the highest exponent in both types.
  const isSpecial = i32x4.gt_s(magnitude, i32x4.splat(0x0f7fffff));
  return v128.or(v128.or(value, sign), v128.and(isSpecial, i32x4.splat(0x7f800000)));
}

/** Whether the values that were digested last are all finite. */
export let areFinite: bool = true;

/** Digests values whose positions are `step` apart, from `position` on (see float-digest.ts). */
export function digest(count: i32, position: i32, step: i32): i32 {
  const end = input + (<usize>count << 2);
  const each = step * salt;
  let salts = i32x4.add(i32x4.splat(position * salt), i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(each)));
  const four = i32x4.splat(4 * each);
  let sums = i32x4.splat(0);
  let largest = i32x4.splat(0);
  let at = input;
  for (; at + 16 <= end; at += 16) {
    const bits = v128.load(at);
    sums = i32x4.add(sums, mixFour(v128.xor(bits, salts)));
    salts = i32x4.add(salts, four);
    largest = i32x4.max_u(largest, i32x4.shl(bits, 1));
  }
  // Without their sign, values that are not finite are at least as large as infinity.
  areFinite = !v128.any_true(i32x4.ge_u(largest, i32x4.splat(0xff000000)));
  let sum = sumOf(sums);
  for (let next = i32x4.extract_lane(salts, 0); at < end; at += 4, next += each) {
    const bits = load<u32>(at);
    sum += mix(bits ^ next);
    if (bits << 1 >= 0xff000000) areFinite = false;
  }
  return sum;
}

/** The same as in float-digest.ts. */
const salt: u32 = 0x9e3779b1;
const factor: u32 = 0x85ebca6b;
const other: u32 = 0xc2b2ae35;

@inline
function mixFour(bits: v128): v128 {
  const first = i32x4.mul(v128.xor(bits, i32x4.shr_u(bits, 16)), i32x4.splat(factor));
  const second = i32x4.mul(v128.xor(first, i32x4.shr_u(first, 13)), i32x4.splat(other));
  return v128.xor(second, i32x4.shr_u(second, 16));
}

function mix(bits: u32): u32 {
  const first = (bits ^ (bits >> 16)) * factor;
  const second = (first ^ (first >> 13)) * other;
  return second ^ (second >> 16);
}

function sumOf(lanes: v128): i32 {
  const two = i32x4.extract_lane(lanes, 0) + i32x4.extract_lane(lanes, 1);
  return two + i32x4.extract_lane(lanes, 2) + i32x4.extract_lane(lanes, 3);
}
