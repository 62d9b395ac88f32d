import { describe, expect, it } from 'vitest';
import {
  borrowBuffer,
  floatWriter,
  longestFloatText,
  returnBuffer,
  type WriteFloats,
} from '../../src/encode/floats.ts';
import { writeFloatsPlainly } from '../../src/encode/plain-floats.ts';
import { wasmFloats } from '../../src/encode/wasm-floats.ts';
import { type Kernel, openKernel } from '../../src/kernel/kernel.ts';
import { float16ToNumber } from '../../src/tensor/dtype.ts';
import { seededRandom } from '../seeded-random.ts';
import { fromBits, misread, print, sameBytes } from './check-floats.ts';
import { bestDecimal, digitCount, distance, parseDecimal, readsAs } from './exact-float.ts';

const kernel: WriteFloats = wasmFloats(openKernel() as Kernel);
const exponents = Array.from({ length: 255 }, (_, exponent) => exponent);

/** Returns the first, middle and last fractions of an exponent, and others spread evenly between, randomly shifted. */
function fractions(count: number, random: () => number): Uint32Array<ArrayBuffer> {
  const step = 2 ** 23 / count;
  const spread = Uint32Array.from({ length: count }, (_, i) => Math.floor((i + random()) * step));
  for (let i = 0; i < 16; i++) {
    spread[i] = i;
    spread[count - 1 - i] = 0x7fffff - i;
    spread[(count >> 1) - 8 + i] = 0x400000 - 8 + i;
  }
  return spread;
}

/** Yields the bits of finite values: `count` for every exponent and sign. */
function* strata(count: number, seed: number): Generator<Uint32Array<ArrayBuffer>> {
  const random = seededRandom(seed);
  for (const exponent of exponents) {
    for (const sign of [0, 0x80000000])
      yield fractions(count, random).map((fraction) => sign | (exponent << 23) | fraction);
  }
}

describe('printing float32', () => {
  it('uses WebAssembly here', () => {
    expect(openKernel()).toBeDefined();
    expect(floatWriter()).not.toBe(writeFloatsPlainly);
  });

  it('round-trips 20 million values of every exponent and sign, directly and as doubles', () => {
    const bad: number[] = [];
    let checked = 0;
    for (const bits of strata(40_000, 1)) {
      bad.push(...misread(bits, kernel));
      checked += bits.length;
    }
    console.log(`${checked} float32 printed and read back`);
    expect(bad).toEqual([]);
    expect(checked).toBeGreaterThanOrEqual(20_000_000);
  });

  it('writes the same into a borrowed buffer, and nothing outside the given part', () => {
    const write = floatWriter();
    const lent = borrowBuffer() as Buffer;
    const random = seededRandom(13);
    for (const count of [1, 3, 4, 7, 4095, 4096, 4097, 9001]) {
      const values = fromBits(Array.from({ length: count }, () => Math.floor(random() * 0x7f800000)));
      const expected = Buffer.alloc(count * longestFloatText);
      const length = writeFloatsPlainly(values, 0, count, expected, 0);
      for (const room of [count * longestFloatText, count * longestFloatText + 64]) {
        lent.fill(0x78, 0, room + 200);
        expect(write(values, 0, count, lent.subarray(100, 100 + room), 0)).toBe(length);
        expect(lent.subarray(100, 100 + length).equals(expected.subarray(0, length))).toBe(true);
        expect(lent.subarray(0, 100).every((byte) => byte === 0x78)).toBe(true);
        expect(lent.subarray(100 + room, room + 200).every((byte) => byte === 0x78)).toBe(true);
      }
    }
    expect(write(Float32Array.of(1, Number.NaN), 0, 2, lent, 0)).toBe(-1);
    expect(returnBuffer(lent)).toBe(true);
    expect(returnBuffer(Buffer.alloc(8))).toBe(false);
  });

  it('prints a value on a rounding edge the same way alone and among others', () => {
    const alone = print(fromBits([0x3994f05c]), kernel);
    expect(alone).toEqual(['0.0002840784']);
    expect(print(fromBits([0x3994f05b, 0x3994f05c, 0x3994f05d, 0x3994f05e]), kernel)[1]).toBe(alone[0]);
  });

  it('gives the same bytes in plain JavaScript, for any number of values per call', () => {
    for (const bits of strata(4096, 11)) expect(sameBytes(bits, kernel, writeFloatsPlainly), `${bits[0]}`).toBe(true);
    const random = seededRandom(12);
    const anything = Uint32Array.from({ length: 20_000 }, () => Math.floor(random() * 0x7f800000));
    for (const count of [0, 1, 2, 3, 4, 5, 4095, 4096, 4097, 12_289]) {
      expect(sameBytes(anything.slice(0, count), kernel, writeFloatsPlainly), `${count}`).toBe(true);
    }
  });

  it('gives the same bytes in plain JavaScript for every half-precision value, many on a rounding edge', () => {
    const random = seededRandom(13);
    const halves = Array.from({ length: 65536 }, (_, half) => half);
    const types = { bfloat16: (half: number) => half << 16, float16: (half: number) => bitsOf(float16ToNumber(half)) };
    for (const [name, widen] of Object.entries(types)) {
      const finite = halves.map(widen).filter((bits) => (bits & 0x7f800000) !== 0x7f800000);
      // In order, and shuffled so that values of any size are neighbours.
      const mixed = finite.map((bits) => ({ bits, at: random() })).sort((a, b) => a.at - b.at);
      expect(finite.length).toBeGreaterThan(60_000);
      for (const some of [finite, mixed.map(({ bits }) => bits)]) {
        for (let i = 0; i < some.length; i += 4096) {
          expect(sameBytes(Uint32Array.from(some.slice(i, i + 4096)), kernel, writeFloatsPlainly), name).toBe(true);
        }
      }
    }
  });

  it('prints the shortest decimal that exact arithmetic finds, and the nearest of these', () => {
    let checked = 0;
    for (const bits of strata(48, 21)) {
      const texts = print(new Float32Array(bits.buffer), kernel);
      bits.forEach((signed, i) => {
        const magnitude = signed & 0x7fffffff;
        if (magnitude === 0) return;
        expectBest((texts[i] as string).replace(/^-/, ''), magnitude);
        checked++;
      });
    }
    expect(checked).toBe(255 * 2 * 48 - 2);
    const powers = exponents.slice(1).map((exponent) => exponent << 23);
    print(fromBits(powers), kernel).forEach((text, i) => {
      expectBest(text, powers[i] as number);
    });
  });

  for (const [name, write] of Object.entries({ WebAssembly: kernel, JavaScript: writeFloatsPlainly })) {
    it(`prints familiar numbers in their familiar form: ${name}`, () => {
      const known = {
        '0.1': 0.1,
        '1': 1,
        '-1': -1,
        '0': 0,
        '-0': -0,
        '0.33333334': 1 / 3,
        '-0.00002': -0.00002,
        '100000000': 100000000,
        '16777216': 16777216,
        '3.4028235e38': 3.4028235e38,
        '1e-45': 1e-45,
        '1.1754944e-38': 2 ** -126,
        '7.0385307e-26': 7.0385307e-26,
      };
      expect(print(Float32Array.from(Object.values(known)), write)).toEqual(Object.keys(known));
    });

    it(`refuses a value that is not finite at any position: ${name}`, () => {
      const out = new Uint8Array(9000 * longestFloatText);
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        for (const [count, at] of [
          [1, 0],
          [6, 5],
          [8, 2],
          [9000, 8999],
        ] as const) {
          const values = new Float32Array(count).fill(0.3);
          values[at] = value;
          expect(write(values, 0, count, out, 0)).toBe(-1);
          expect(write(values, 0, at, out, 0)).toBeGreaterThanOrEqual(0);
        }
      }
    });

    it(`writes some of the values at an offset, none longer than promised: ${name}`, () => {
      const out = new Uint8Array(100).fill(35);
      const end = write(Float32Array.of(9, 1.5, -2.25, 9), 1, 2, out, 10);
      expect(Buffer.from(out.buffer, 8, end - 8 + 2).toString()).toBe('##1.5,-2.25##');
      const random = seededRandom(3);
      const anything = Array.from(
        { length: 20_000 },
        () => (random() * 0x7f800000) | (random() < 0.5 ? 0x80000000 : 0),
      );
      const isNumber = (text: string) => /^-?(0|[1-9]\d*)(\.\d+)?(e-?\d+)?$/.test(text);
      const texts = print(fromBits(anything), write);
      expect(texts.filter((text) => !isNumber(text) || text.length >= longestFloatText)).toEqual([]);
    });
  }
});

const bitsOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0] as number;

/** From here on, a shorter text may lie exactly between two values, and such a text is not used. */
const firstTie = 33_554_448;

function expectBest(text: string, bits: number): void {
  const printed = parseDecimal(text);
  const best = bestDecimal(bits, Number(text) < firstTie);
  expect(readsAs(printed, bits), text).toBe(true);
  expect(digitCount(printed), text).toBe(digitCount(best));
  expect(distance(printed, bits), text).toBe(distance(best, bits));
}
