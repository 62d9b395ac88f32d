import fc from 'fast-check';
import { seededRandom } from '../seeded-random.ts';

/** An array as its writer means it: little-endian bytes in C order. */
export interface Plain {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

type Read = (view: DataView, at: number) => number;

/**
 * Decodes a float as IEEE 754 defines it: a sign, `exponentBits` of exponent, and a fraction. `finite` types have
 * numbers under the top exponent as well.
 */
function small(bits: number, width: number, exponentBits: number, finite = false): number {
  const fractionBits = width - 1 - exponentBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = Math.floor(bits / 2 ** (width - 1)) === 1 ? -1 : 1;
  const exponent = Math.floor(bits / 2 ** fractionBits) % 2 ** exponentBits;
  const fraction = (bits % 2 ** fractionBits) / 2 ** fractionBits;
  const top = 2 ** exponentBits - 1;
  if (finite && exponent === top && fraction === 1 - 2 ** -fractionBits) return Number.NaN;
  if (!finite && exponent === top) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias);
  return sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** Every element type, read here by its definition instead of by the tool's decoders. */
export const types = {
  F64: { size: 8, read: (view, at) => view.getFloat64(at, true) },
  F32: { size: 4, read: (view, at) => view.getFloat32(at, true) },
  F16: { size: 2, read: (view, at) => small(view.getUint16(at, true), 16, 5) },
  BF16: { size: 2, read: (view, at) => small(view.getUint16(at, true), 16, 8) },
  F8_E4M3: { size: 1, read: (view, at) => small(view.getUint8(at), 8, 4, true) },
  F8_E5M2: { size: 1, read: (view, at) => small(view.getUint8(at), 8, 5) },
  I64: { size: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  U64: { size: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  I32: { size: 4, read: (view, at) => view.getInt32(at, true) },
  U32: { size: 4, read: (view, at) => view.getUint32(at, true) },
  I16: { size: 2, read: (view, at) => view.getInt16(at, true) },
  U16: { size: 2, read: (view, at) => view.getUint16(at, true) },
  I8: { size: 1, read: (view, at) => view.getInt8(at) },
  U8: { size: 1, read: (view, at) => view.getUint8(at) },
  BOOL: { size: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
} as const satisfies Record<string, { readonly size: number; readonly read: Read }>;

export type Dtype = keyof typeof types;

/** Big-endian bytes of elements worth testing: zeros of both signs, NaNs with payloads, the ends of the range. */
const specials: Record<number, readonly string[]> = {
  1: ['00', '80', 'ff', '7f', '7e', '7c', '01', '81'],
  2: ['0000', '8000', '0001', '8001', '03ff', '7c00', 'fc00', '7e01', '7f80', 'ff80', '7fc1', 'ffff', '7fff', '007f'],
  4: [
    '00000000',
    '80000000',
    '00000001',
    '807fffff',
    '7f800000',
    'ff800000',
    '7fc00123',
    'ffa00001',
    '7f7fffff',
    '4b800001',
  ],
  8: [
    '0000000000000000',
    '8000000000000000',
    '0000000000000001',
    '7ff0000000000000',
    '7ff8000000000123',
    '7fffffffffffffff',
    '0020000000000001',
    '36a0000000000001',
    '3810000000000001',
    '47efffffefffffff',
    '47effffff0000000',
  ],
};

/** Returns random bytes, mixed with values that readers tend to get wrong. */
export function bytesOf(size: number, count: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  const data = Buffer.from(Array.from({ length: size * count }, () => Math.floor(random() * 256)));
  const rare = specials[size] as readonly string[];
  for (let i = 0; i < count; i++) {
    if (random() > 0.3) continue;
    const special = rare[Math.floor(random() * rare.length)] as string;
    data.set(Buffer.from(special, 'hex').reverse(), i * size);
  }
  return new Uint8Array(data);
}

const length = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 7 }) },
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 8, max: 70 }) },
);
const shape = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(length, length) },
  fc.tuple(length),
  fc.constant([]),
  fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 5 }),
);

/** Generates any array of these element types. */
export function plain(dtypes: readonly Dtype[]): fc.Arbitrary<Plain> {
  return fc
    .record({ dtype: fc.constantFrom(...dtypes), shape, seed: fc.nat() })
    .map(({ dtype, shape, seed }) => ({ dtype, shape, data: bytesOf(types[dtype].size, product(shape), seed) }));
}

export function product(shape: readonly number[]): number {
  return shape.reduce((count, length) => count * length, 1);
}

/** Decodes bytes into numbers, in storage order. */
export function doublesOf(dtype: Dtype, data: Uint8Array, count: number): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const { size, read } = types[dtype];
  return Array.from({ length: count }, (_, i) => read(view, i * size));
}

/** Returns the elements in the opposite byte order. */
export function swapped(size: number, data: Uint8Array): Uint8Array {
  const all = Buffer.from(data);
  for (let at = 0; at < all.length; at += size) all.subarray(at, at + size).reverse();
  return all;
}

/** Returns the same elements in Fortran order: the first index varies fastest. */
export function inFortranOrder({ dtype, shape, data }: Plain): Uint8Array {
  const { size } = types[dtype];
  const out = Buffer.alloc(data.length);
  const index = shape.map(() => 0);
  for (let at = 0; at < product(shape); at++) {
    let [target, step] = [0, 1];
    for (const [axis, length] of shape.entries()) {
      target += (index[axis] as number) * step;
      step *= length;
    }
    out.set(data.subarray(at * size, (at + 1) * size), target * size);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
  return out;
}

/** Whether a shape has no values but is too large to count: the formats' own writers differ on whether it is valid. */
export function isMoot(shape: readonly number[]): boolean {
  return shape.includes(0) && !Number.isSafeInteger(product(shape.map((one) => one || 1)) * 8);
}
