import { expect, test } from 'vitest';
import { digestPlainly, floatDigest } from '../../src/tensor/float-digest.ts';
import { type Float32Values, float32Values } from '../../src/tensor/float32-values.ts';
import { seededRandom } from '../seeded-random.ts';

const kernel = float32Values() as Float32Values;
const random = seededRandom(17);
const anyBits = (count: number) =>
  Int32Array.from({ length: count }, () => {
    const bits = Math.floor(random() * 2 ** 32);
    return (bits & 0x7f800000) === 0x7f800000 ? bits ^ 0x40000000 : bits;
  });
const asValues = (bits: Int32Array<ArrayBuffer>) => new Float32Array(bits.buffer);

/** Digests values in pieces of at most so many. */
function digestOf(bits: Int32Array<ArrayBuffer>, most = bits.length): string {
  const digest = floatDigest();
  for (let i = 0; i < bits.length; i += most) digest.add(asValues(bits).subarray(i, i + most));
  return digest.take();
}

test('the kernel digests as plain JavaScript does, any number of values from any lane on', () => {
  for (const count of [0, 1, 3, 15, 16, 17, 31, 64, 100, 4095, 4096, 4097, 10_000]) {
    for (const lane of [0, 1, 7, 15, 16, 4111]) {
      const [values, lanes] = [asValues(anyBits(count)), anyBits(16)];
      const [one, other] = [lanes.slice(), lanes.slice()];
      expect(kernel.digest(values, one, lane)).toBe(true);
      expect(digestPlainly(values, other, lane)).toBe(true);
      expect([...one], `${count} values from lane ${lane}`).toEqual([...other]);
    }
  }
});

test('the digest does not depend on the pieces, and each one begins anew', () => {
  const bits = anyBits(9000);
  const whole = digestOf(bits);
  expect([1, 5, 16, 700, 4096, 8999].map((most) => digestOf(bits, most))).toEqual(Array(6).fill(whole));
  const digest = floatDigest();
  digest.add(asValues(bits));
  expect([digest.take(), digest.take(), whole]).toEqual([
    whole,
    digestOf(anyBits(0)),
    expect.stringMatching(/^\w{8}$/),
  ]);
});

test('a changed bit, exchanged values and exchanged rows change the digest', () => {
  const bits = anyBits(5000);
  const whole = digestOf(bits);
  for (let i = 0; i < 4000; i++) {
    const changed = bits.slice();
    changed[i % 5000] = (changed[i % 5000] as number) ^ (1 << Math.floor(random() * 32));
    expect(digestOf(changed) === whole, `value ${i}`).toBe(false);
  }
  // Rows that keep each value in its lane, of a type whose values have 16 zeros at their end.
  const rows = anyBits(4096).map((value) => value & 0xffff0000);
  const [first, second] = [rows.slice(0, 2048), rows.slice(2048)];
  expect(digestOf(Int32Array.of(...second, ...first))).not.toBe(digestOf(rows));
  expect(digestOf(new Int32Array(100))).not.toBe(digestOf(new Int32Array(101)));
});

test('the only value that is not finite is found wherever it is', () => {
  const count = 85;
  const bad = { NaN: 0x7fc00000, '-NaN': 0xffc00000 | 0, smallNaN: 0x7f800001, Infinity: 0x7f800000 };
  for (const [name, bits] of Object.entries({ ...bad, '-Infinity': 0xff800000 | 0 })) {
    for (let i = 0; i < count; i++) {
      const values = new Int32Array(count).fill(0x7f7fffff);
      for (const digest of [kernel.digest, digestPlainly]) {
        expect(digest(asValues(values), new Int32Array(16), 5)).toBe(true);
        values[i] = bits;
        expect(digest(asValues(values), new Int32Array(16), 5), `${name} at ${i}`).toBe(false);
        values[i] = 0xff7fffff | 0;
      }
    }
  }
});
