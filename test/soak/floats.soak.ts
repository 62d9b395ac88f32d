import { describe, expect, it } from 'vitest';
import { writeFloatsPlainly } from '../../src/encode/plain-floats.ts';
import { wasmFloats } from '../../src/encode/wasm-floats.ts';
import { type Kernel, openKernel } from '../../src/kernel/kernel.ts';
import { misread, sameBytes } from '../encode/check-floats.ts';

/** Checks one value in this many; 1 checks all, which takes a quarter of an hour or more. */
const step = Number(process.env.SOAK_FLOATS_STEP ?? 1);
const timeoutMs = 6 * 3_600_000;
const finite = 0x7f800000;
const perCall = 1 << 15;

describe(`float32 as JSON, every ${step === 1 ? 'finite value' : `${step}th finite value (SOAK_FLOATS_STEP)`}`, () => {
  it(
    'reads back bit for bit, and is the same from the plain JavaScript encoder',
    () => {
      const kernel = wasmFloats(openKernel() as Kernel);
      const bad: number[] = [];
      let checked = 0;
      for (let from = 0; from < finite; from += step * perCall) {
        const count = Math.min(perCall, Math.ceil((finite - from) / step));
        for (const sign of [0, 0x80000000]) {
          const bits = Uint32Array.from({ length: count }, (_, i) => sign + from + i * step);
          bad.push(...misread(bits, kernel));
          if (!sameBytes(bits, kernel, writeFloatsPlainly)) bad.push(from);
          checked += count;
        }
      }
      console.log(`${checked} float32 printed and read back`);
      expect(bad).toEqual([]);
    },
    timeoutMs,
  );
});
