// AssemblyScript. The printer's first step: finds the decimals of values.
import { decimals, places, plainUnits } from './addresses';
import { exactCount, firstExact, firstPlain, plainCount } from './rare-floats';

/** Finds decimals and places of values up to `end`. Returns where it stopped: at four that must be printed one by one. */
export function scale(at: usize, end: usize): usize {
  let to: usize = 0;
  while (at + 32 <= end) {
    const one = v128.load(at);
    const two = v128.load(at, 16);
    if (v128.any_true(v128.or(areInexact(one), areInexact(two)))) {
      if (!scaleOthers(at, to)) return at;
      at += 16;
      to += 16;
    } else {
      scaleFour(one, at, to, false);
      scaleFour(two, at + 16, to + 16, false);
      at += 32;
      to += 32;
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
  const place = i32x4.shuffle(ab, cd, 0, 2, 4, 6);
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
  v128.store(to, i32x4.add(place, i32x4.shl(i32x4.shr_u(bits, 31), 5)), places);
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
