import { expect, test } from 'vitest';
import {
  type Dtype,
  decode,
  decodeBf16,
  decodeF16,
  dtypeSize,
  float16ToNumber,
  isDtype,
  isFloat,
} from '../../src/tensor/dtype.ts';
import { type Float32Values, float32Values } from '../../src/tensor/float32-values.ts';
import { asFloat32, firstDifference, fixture, promisedTensors } from '../fixtures.ts';

/** Returns every 16-bit pattern in order, little-endian. */
function allHalves(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(2 * 65536);
  for (let bits = 0; bits < 65536; bits++) bytes.set([bits & 255, bits >> 8], 2 * bits);
  return bytes;
}

function decoded(dtype: Dtype, bytes: Uint8Array<ArrayBuffer>, bigEndian = false): Float32Array {
  const count = bytes.length / dtypeSize(dtype);
  const out = new Float32Array(count);
  decode(dtype, bigEndian, bytes.slice(), count, out, 0);
  return out;
}

/** Decodes IEEE 754 by its definition: reads sign, exponent and fraction off the binary digits. */
function byDefinition(bits: number, exponentDigits: number): number {
  const digits = bits.toString(2).padStart(16, '0');
  const exponent = Number.parseInt(digits.slice(1, 1 + exponentDigits), 2);
  const fraction = digits.slice(1 + exponentDigits);
  const bias = 2 ** (exponentDigits - 1) - 1;
  const part = Number.parseInt(fraction, 2) / 2 ** fraction.length;
  const sign = digits[0] === '1' ? -1 : 1;
  if (exponent === 2 ** exponentDigits - 1) return part === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * part * 2 ** (1 - bias) : sign * (1 + part) * 2 ** (exponent - bias);
}

const halfTypes: [dtype: Dtype, exponentDigits: number][] = [
  ['F16', 5],
  ['BF16', 8],
];

test.each(halfTypes)(
  'all 65,536 values of %s are as IEEE 754 defines them, in either byte order',
  (dtype, exponentDigits) => {
    const expected = Float32Array.from({ length: 65536 }, (_, bits) => byDefinition(bits, exponentDigits));
    expect(firstDifference(decoded(dtype, allHalves()), expected)).toBeUndefined();
    const swapped = new Uint8Array(Buffer.from(allHalves()).swap16());
    expect(firstDifference(decoded(dtype, swapped, true), expected)).toBeUndefined();
  },
);

test.each([
  ['F16', decodeF16],
  ['BF16', decodeBf16],
] as const)(
  'the kernel and plain JavaScript give the same bits for %s, NaN included, and write no more',
  (dtype, plainly) => {
    const { widen } = float32Values() as Float32Values;
    const halves = allHalves();
    for (const count of [0, 1, 7, 8, 9, 4095, 4096, 4097, 65536]) {
      const bytes = halves.slice(halves.length - 2 * count);
      const [kernel, plain] = [new Uint32Array(count + 4).fill(7), new Uint32Array(count + 4).fill(7)];
      widen(dtype, bytes, count, new Float32Array(kernel.buffer), 2);
      plainly(bytes, count, new Float32Array(plain.buffer), 2);
      expect(
        kernel.findIndex((bits, i) => bits !== plain[i]),
        `${count}`,
      ).toBe(-1);
      expect([...kernel.subarray(0, 2), ...kernel.subarray(count + 2)]).toEqual([7, 7, 7, 7]);
    }
  },
);

test('float16ToNumber gives the same values as decoding an array', () => {
  const numbers = Array.from({ length: 65536 }, (_, bits) => float16ToNumber(bits));
  expect(firstDifference(numbers, decoded('F16', allHalves()))).toBeUndefined();
});

test.each(['F8_E4M3', 'F8_E5M2'] as const)('all 256 values of %s are as in torch', async (dtype) => {
  const path = fixture('safetensors', `torch_${dtype}.safetensors`);
  const promise = promisedTensors(path).get('weight')!;
  const found = decoded(
    dtype,
    Uint8Array.from({ length: 256 }, (_, bits) => bits),
  );
  expect(promise.values).toHaveLength(256);
  expect(firstDifference(found, asFloat32(promise))).toBeUndefined();
});

test('float8 E4M3 has two NaN and no infinity, and E5M2 has both', () => {
  const of = (dtype: Dtype, ...bits: number[]) => [...decoded(dtype, Uint8Array.from(bits))];
  expect(of('F8_E4M3', 0x7e, 0xfe, 0x7f, 0xff, 0x38, 0x01, 0x80)).toEqual([448, -448, NaN, NaN, 1, 2 ** -9, -0]);
  expect(of('F8_E5M2', 0x7b, 0x7c, 0xfc, 0x7d, 0x7f, 0x3c, 0x01)).toEqual([
    57344,
    Infinity,
    -Infinity,
    NaN,
    NaN,
    1,
    2 ** -16,
  ]);
});

const int64 = [0n, 1n, -1n, 2n ** 24n + 1n, 2n ** 24n + 3n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
const uint64 = [0n, 2n ** 24n + 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n];

test('64-bit integers become the nearest float32', () => {
  const signed = decoded('I64', new Uint8Array(BigInt64Array.from(int64).buffer));
  expect([...signed]).toEqual([0, 1, -1, 2 ** 24, 2 ** 24 + 4, 2 ** 53, 2 ** 63, -(2 ** 63)]);
  const unsigned = decoded('U64', new Uint8Array(BigUint64Array.from(uint64).buffer));
  expect([...unsigned]).toEqual([0, 2 ** 24, 2 ** 53, 2 ** 63, 2 ** 64]);
});

test('doubles become the nearest float32, or an infinity beyond its range', () => {
  const largest = 3.4028234663852886e38;
  const doubles = [0.1, -0, 1 + 2 ** -24, 1 + 3 * 2 ** -24, 1e-46, largest, 3.4028235677973366e38, -1e300, Number.NaN];
  const expected = [Math.fround(0.1), -0, 1, 1 + 2 ** -22, 0, largest, Infinity, -Infinity, Number.NaN];
  const found = decoded('F64', new Uint8Array(Float64Array.from(doubles).buffer));
  expect(firstDifference(found, expected)).toBeUndefined();
});

type Setter = (view: DataView, value: number) => void;
const wide: [dtype: Dtype, value: number, set: Setter][] = [
  ['F64', -1.5, (view, value) => view.setFloat64(0, value)],
  ['F32', 0.1, (view, value) => view.setFloat32(0, value)],
  ['F16', -1.5, (view) => view.setUint16(0, 0xbe00)],
  ['BF16', -1.5, (view) => view.setUint16(0, 0xbfc0)],
  ['I64', -3, (view, value) => view.setBigInt64(0, BigInt(value))],
  ['U64', 3, (view, value) => view.setBigUint64(0, BigInt(value))],
  ['I32', -70_000, (view, value) => view.setInt32(0, value)],
  ['U32', 4_000_000_000, (view, value) => view.setUint32(0, value)],
  ['I16', -300, (view, value) => view.setInt16(0, value)],
  ['U16', 60_000, (view, value) => view.setUint16(0, value)],
  ['I8', -3, (view, value) => view.setInt8(0, value)],
  ['U8', 200, (view, value) => view.setUint8(0, value)],
  ['BOOL', 1, (view, value) => view.setUint8(0, value)],
];

test.each(wide)('a big-endian %s of %d is decoded without touching the values beside it', (dtype, value, set) => {
  const bytes = new Uint8Array(dtypeSize(dtype));
  set(new DataView(bytes.buffer), value);
  const out = Float32Array.of(7, 7, 7);
  decode(dtype, true, bytes, 1, out, 1);
  expect([...out]).toEqual([7, Math.fround(value), 7]);
});

test('isDtype knows only safetensors names, and isFloat tells the floats among them', () => {
  expect(['F32', 'BF16', 'F8_E4M3', 'BOOL'].every(isDtype)).toBe(true);
  expect(['f32', 'F8_E4M3FNUZ', 'F8_E8M0', 'F4', '', 'toString', '__proto__'].some(isDtype)).toBe(false);
  expect([isFloat('BF16'), isFloat('F8_E5M2'), isFloat('I64'), isFloat('BOOL')]).toEqual([true, true, false, false]);
});
