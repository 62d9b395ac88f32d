import { expect, test } from 'vitest';
import { digestFloats, digestPlainly } from '../../src/tensor/float-digest.ts';
import { type Float32Values, float32Values } from '../../src/tensor/float32-values.ts';
import { seededRandom } from '../seeded-random.ts';

const kernel = float32Values() as Float32Values;
const random = seededRandom(17);
const below = (limit: number) => Math.floor(random() * limit);

function anyBits(count: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length: count }, () => {
    const bits = below(2 ** 32) | 0;
    return (bits & 0x7f800000) === 0x7f800000 ? bits ^ 0x40000000 : bits;
  });
}

const asValues = (bits: Int32Array<ArrayBuffer>) => new Float32Array(bits.buffer);
const sumOf = (bits: Int32Array<ArrayBuffer>, position = 0, step = 1) =>
  digestFloats(asValues(bits), position, step).sum;

test('the kernel digests as plain JavaScript does: any number of values, positions and steps', () => {
  for (const count of [0, 1, 2, 3, 4, 5, 100, 4095, 4096, 4097, 10_000]) {
    for (const [position, step] of [
      [0, 1],
      [7, 1],
      [1_000_000_007, 4096],
      [2 ** 31 + 5, 3],
    ] as const) {
      const values = asValues(anyBits(count));
      const found = kernel.digest(values, position, step);
      expect(found, `${count} values`).toEqual(digestPlainly(values, position, step));
      expect(found.areFinite).toBe(true);
    }
  }
});

test('the digests of all parts add up to that of the whole, by rows and by columns', () => {
  const [rows, width] = [300, 70];
  const bits = anyBits(rows * width);
  const whole = sumOf(bits);
  for (const most of [1, 5, 700, 4096, 20_999]) {
    let sum = 0;
    for (let i = 0; i < bits.length; i += most) sum = (sum + sumOf(bits.slice(i, i + most), i)) | 0;
    expect(sum, `parts of ${most}`).toBe(whole);
  }
  let sum = 0;
  for (let column = 0; column < width; column++) {
    const values = Int32Array.from({ length: rows }, (_, row) => bits[row * width + column] as number);
    sum = (sum + sumOf(values, column, width)) | 0;
  }
  expect(sum).toBe(whole);
});

/** Changes that a sum must not miss, although each alone could cancel another. */
const changes: Record<string, (bits: Int32Array<ArrayBuffer>, i: number, j: number) => void> = {
  'a flipped bit': (bits, i, j) => {
    bits[i] = (bits[i] as number) ^ (1 << (j % 32));
  },
  'two values with another sign': (bits, i, j) => {
    for (const at of [i, j]) bits[at] = (bits[at] as number) ^ 0x80000000;
  },
  'two exchanged values': (bits, i, j) => {
    [bits[i], bits[j]] = [bits[j] as number, bits[i] as number];
  },
  'one value a step larger, another a step smaller': (bits, i, j) => {
    bits[i] = (bits[i] as number) + 1;
    bits[j] = (bits[j] as number) - 1;
  },
};

test.each(Object.keys(changes))('%s changes the digest', (name) => {
  // Values of bfloat16, too: they have 16 zeros at their end.
  for (const mask of [0xffffffff, 0xffff0000]) {
    const bits = anyBits(512).map((value) => value & mask);
    const before = sumOf(bits);
    for (let round = 0; round < 5_000; round++) {
      const changed = bits.slice();
      const i = below(512);
      changes[name]?.(changed, i, (i + 1 + below(511)) % 512);
      if (sumOf(changed) === before && !changed.every((value, at) => value === bits[at])) expect.fail(`round ${round}`);
    }
  }
});

test('exchanged rows, all signs changed, and zeros more or less change the digest', () => {
  const bits = anyBits(4096).map((value) => value & 0xffff0000);
  expect(sumOf(Int32Array.of(...bits.slice(2048), ...bits.slice(0, 2048)))).not.toBe(sumOf(bits));
  expect(sumOf(bits.map((value) => value ^ 0x80000000))).not.toBe(sumOf(bits));
  expect(sumOf(new Int32Array(100))).not.toBe(sumOf(new Int32Array(101)));
});

test('the only value that is not finite is found wherever it is', () => {
  const count = 21;
  const bad = { NaN: 0x7fc00000, '-NaN': 0xffc00000 | 0, smallNaN: 0x7f800001, Infinity: 0x7f800000 };
  for (const [name, bits] of Object.entries({ ...bad, '-Infinity': 0xff800000 | 0 })) {
    for (let i = 0; i < count; i++) {
      const values = new Int32Array(count).fill(i % 2 ? 0x7f7fffff : 0xff7fffff | 0);
      for (const digest of [kernel.digest, digestPlainly]) {
        expect(digest(asValues(values), 5, 3).areFinite).toBe(true);
        expect(digest(asValues(values.with(i, bits)), 5, 3).areFinite, `${name} at ${i}`).toBe(false);
      }
    }
  }
});
