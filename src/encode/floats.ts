import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { optimiseWebAssembly } from '../v8-flags.ts';
import { writeFloatsPlainly } from './plain-floats.ts';
import { type KernelFloats, wasmFloats } from './wasm-floats.ts';

export { longestFloatText } from './tables.ts';

/**
 * Writes `count` values, from `values[from]` on, as comma-separated JSON numbers into `out` at `at`. Returns where they
 * end, or -1 if one of them is not finite. `out` must have room for `longestFloatText` bytes per value.
 *
 * A number reads back as the same float32, parsed directly or as a double that is rounded to float32. It has the fewest
 * digits for that, at most nine, and of these numbers it is the nearest to the value. A number exactly halfway between
 * two values is not used, although ties would make it read back; these occur from 33,554,448 on. -0 stays -0.
 */
export type WriteFloats = (values: Float32Array, from: number, count: number, out: Uint8Array, at: number) => number;

/** The kernel that `npm run bundle` compiles. The path is right from the sources and from `dist/parts` alike. */
const kernelFile = new URL('../../dist/float32-json.wasm', import.meta.url);

let fastest: KernelFloats | undefined;
let free: Buffer[] = [];

/** Returns the WebAssembly kernel if it runs here, otherwise plain JavaScript that writes the same bytes. */
export function floatWriter(): WriteFloats {
  if (!fastest) {
    fastest = openKernel() ?? { write: writeFloatsPlainly, buffers: [] };
    free = [...fastest.buffers];
  }
  return fastest.write;
}

/** Lends a buffer that `floatWriter()` writes to without a copy; undefined before its first call, or if none is free. */
export function borrowBuffer(): Buffer | undefined {
  return free.pop();
}

/** Takes back a borrowed buffer; returns false for any other. */
export function returnBuffer(buffer: Buffer): boolean {
  if (!fastest?.buffers.includes(buffer)) return false;
  free.push(buffer);
  return true;
}

/** Opens the kernel; undefined without WebAssembly SIMD, its file or the memory for it, and on big-endian machines. */
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
