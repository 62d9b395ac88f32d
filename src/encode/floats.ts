import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { optimiseWebAssembly } from '../v8-flags.ts';
import { writeFloatsPlainly } from './plain-floats.ts';
import { type KernelFloats, wasmFloats } from './wasm-floats.ts';

export { longestFloatText } from './tables.ts';

/**
 * Writes `count` values of `values` from `from` as comma-separated JSON numbers into `out` at `at`, and returns where it
 * stopped; -1 where one of them is not finite. `out` must have room for `longestFloatText` bytes each.
 *
 * A number reads back as the same float32, directly or as a double that is rounded to float32; it has the fewest digits
 * for that, at most nine, and of these it is the one nearest to the value. A number that lies exactly between two values
 * is not taken though ties would make it read back; there are such from 33,554,448 on. -0 stays -0.
 */
export type WriteFloats = (values: Float32Array, from: number, count: number, out: Uint8Array, at: number) => number;

/** The kernel as `npm run bundle` has compiled it, seen from the sources and from `dist/parts` alike. */
const kernelFile = new URL('../../dist/float32-json.wasm', import.meta.url);

let fastest: KernelFloats | undefined;
let free: Buffer[] = [];

/** The WebAssembly kernel where the machine runs it, plain JavaScript elsewhere: the bytes are the same. */
export function floatWriter(): WriteFloats {
  if (!fastest) {
    fastest = openKernel() ?? { write: writeFloatsPlainly, buffers: [] };
    free = [...fastest.buffers];
  }
  return fastest.write;
}

/** A buffer of some megabytes that `floatWriter()`, once called, writes to without a copy; undefined while all are in use or there are none. */
export function borrowBuffer(): Buffer | undefined {
  return free.pop();
}

/** Takes back a buffer that was borrowed; false for any other. */
export function returnBuffer(buffer: Buffer): boolean {
  if (!fastest?.buffers.includes(buffer)) return false;
  free.push(buffer);
  return true;
}

/** Undefined without WebAssembly or its SIMD, without the file or the memory for it, and on big-endian machines. */
export function openKernel(): KernelFloats | undefined {
  if (typeof WebAssembly === 'undefined' || endianness() === 'BE') return undefined;
  try {
    const bytes = readFileSync(kernelFile);
    optimiseWebAssembly();
    return wasmFloats(new WebAssembly.Module(bytes));
  } catch {
    return undefined;
  }
}
