import { describe, expect, it } from 'vitest';
import { longestFloatText, writeFloats } from '../../src/upload/float32-text.ts';
import { seededRandom } from '../seeded-random.ts';

/** The texts that values are printed as. */
function print(values: Float32Array): string[] {
  const out = new Uint8Array(values.length * longestFloatText);
  const end = writeFloats(values, 0, values.length, out, 0);
  return Buffer.from(out.buffer, 0, end).toString().split(',');
}

function fromBits(bits: Iterable<number>): Float32Array {
  return new Float32Array(Uint32Array.from(bits).buffer);
}

function significantDigits(text: string): number {
  const digits = text
    .replace(/^-|e.*$/g, '')
    .replace('.', '')
    .replace(/^0+/, '');
  return Math.max(1, digits.replace(/0+$/, '').length);
}

/** Fewest digits that read back as the value, found by trying. */
function fewestDigits(value: number): number {
  for (let digits = 1; digits < 9; digits++)
    if (Math.fround(Number(value.toPrecision(digits))) === value) return digits;
  return 9;
}

const exponents = Array.from({ length: 255 }, (_, exponent) => exponent);

describe('printing float32', () => {
  it('reads back bit for bit, with both signs, for every exponent, its boundaries and seeded values between', () => {
    const random = seededRandom(1);
    let checked = 0;
    for (const exponent of exponents) {
      const fractions = [0, 1, 2, 3, 0x7fffff, 0x7ffffe, 0x400000, 0x3fffff];
      while (fractions.length < 2000) fractions.push(Math.floor(random() * 0x800000));
      const bits = fractions.flatMap((fraction) => [
        (exponent << 23) | fraction,
        ((exponent << 23) | fraction | 0x80000000) >>> 0,
      ]);
      const values = fromBits(bits);
      const back = Float32Array.from(print(values), Number);
      expect(Buffer.from(back.buffer).equals(Buffer.from(values.buffer))).toBe(true);
      checked += values.length;
    }
    expect(checked).toBe(255 * 4000);
  });

  it('uses the fewest digits there are, and never more than nine', () => {
    const random = seededRandom(2);
    const weights = Float32Array.from({ length: 20_000 }, () => (random() - 0.5) * 0.2);
    const anything = fromBits(Array.from({ length: 20_000 }, () => Math.floor(random() * 0x4b000000)));
    for (const values of [weights, anything]) {
      const texts = print(values);
      for (let i = 0; i < values.length; i++) {
        expect(significantDigits(texts[i] as string), texts[i]).toBe(
          values[i] === 0 ? 1 : fewestDigits(Math.abs(values[i] as number)),
        );
      }
    }
  });

  it('prints what people know as they know it', () => {
    const known = {
      '0.1': 0.1,
      '1': 1,
      '-1': -1,
      '0': 0,
      '-0': -0,
      '0.33333334': 1 / 3,
      '16777216': 16777216,
      '3.4028235e38': 3.4028235e38,
      '1e-45': 1e-45,
      '1.1754944e-38': 2 ** -126,
      '7.0385307e-26': 7.0385307e-26,
    };
    expect(print(Float32Array.from(Object.values(known)))).toEqual(Object.keys(known));
  });

  it('writes JSON numbers into the room that is promised', () => {
    const random = seededRandom(3);
    const values = fromBits(
      Array.from(
        { length: 50_000 },
        () => (Math.floor(random() * 0x7f800000) | (random() < 0.5 ? 0x80000000 : 0)) >>> 0,
      ),
    );
    for (const text of print(values)) {
      expect(text.length).toBeLessThan(longestFloatText);
      expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d+)?(e-?\d+)?$/);
    }
  });
});
