// AssemblyScript. Widens half-precision values of `input` to float32 in `output`, and digests float32 values of `input`.
// dtype.ts and float-digest.ts do the same in JavaScript.
import { input, lanes, output } from './addresses';

export { lanes } from './addresses';

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

/** Its fraction and exponent, in their places in a float32, are those of 2^-112 times the value, subnormal ones included. */
@inline
function widenFour(halves: v128): v128 {
  const magnitude = i32x4.shl(v128.and(halves, i32x4.splat(0x7fff)), 13);
  const sign = i32x4.shl(v128.and(halves, i32x4.splat(0x8000)), 16);
  const value = f32x4.mul(magnitude, f32x4.splat(5192296858534827628530496329220096.0));
  // Infinities and NaN have the highest exponent in both types.
  const isSpecial = i32x4.gt_s(magnitude, i32x4.splat(0x0f7fffff));
  return v128.or(v128.or(value, sign), v128.and(isSpecial, i32x4.splat(0x7f800000)));
}

/** Adds values to the digest, the first one to lane `lane`. Returns whether all of them are finite. */
export function digest(count: i32, lane: i32): bool {
  let at = input;
  const end = input + (<usize>count << 2);
  let areFinite = true;
  for (; lane & 15 && at < end; at += 4, lane++) areFinite = addOne(at, lane & 15) && areFinite;
  let a = v128.load(lanes);
  let b = v128.load(lanes, 16);
  let c = v128.load(lanes, 32);
  let d = v128.load(lanes, 48);
  let largest = i32x4.splat(0);
  for (; at + 64 <= end; at += 64) {
    const first = v128.load(at);
    const second = v128.load(at, 16);
    const third = v128.load(at, 32);
    const fourth = v128.load(at, 48);
    a = mix(a, first);
    b = mix(b, second);
    c = mix(c, third);
    d = mix(d, fourth);
    const one = i32x4.max_u(i32x4.shl(first, 1), i32x4.shl(second, 1));
    const other = i32x4.max_u(i32x4.shl(third, 1), i32x4.shl(fourth, 1));
    largest = i32x4.max_u(largest, i32x4.max_u(one, other));
  }
  v128.store(lanes, a);
  v128.store(lanes, b, 16);
  v128.store(lanes, c, 32);
  v128.store(lanes, d, 48);
  // Without their sign, what is not finite is at least as large as infinity.
  if (v128.any_true(i32x4.ge_u(largest, i32x4.splat(0xff000000)))) areFinite = false;
  for (lane = 0; at < end; at += 4, lane++) areFinite = addOne(at, lane) && areFinite;
  return areFinite;
}

@inline
function mix(lanes: v128, bits: v128): v128 {
  const product = i32x4.mul(v128.xor(lanes, bits), i32x4.splat(0x9e3779b1));
  return v128.or(i32x4.shl(product, 13), i32x4.shr_u(product, 19));
}

function addOne(at: usize, lane: i32): bool {
  const bits = load<u32>(at);
  const to = lanes + (<usize>lane << 2);
  store<u32>(to, rotl<u32>((load<u32>(to) ^ bits) * 0x9e3779b1, 13));
  return (bits & 0x7f800000) != 0x7f800000;
}
