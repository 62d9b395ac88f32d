import { openKernel } from '../kernel/kernel.ts';
import { writeFloatsPlainly } from './plain-floats.ts';
import { wasmFloats } from './wasm-floats.ts';

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

let fastest: WriteFloats | undefined;
let buffers: readonly Buffer[] = [];
let free: Buffer[] = [];

/** Returns the WebAssembly kernel's writer if that runs here, otherwise plain JavaScript that writes the same bytes. */
export function floatWriter(): WriteFloats {
  if (!fastest) {
    const kernel = openKernel();
    fastest = kernel ? wasmFloats(kernel) : writeFloatsPlainly;
    buffers = kernel?.buffers ?? [];
    free = [...buffers];
  }
  return fastest;
}

/** Lends a buffer that `floatWriter()` writes to without a copy; undefined before its first call, or if none is free. */
export function borrowBuffer(): Buffer | undefined {
  return free.pop();
}

/** Takes back a borrowed buffer; returns false for any other. */
export function returnBuffer(buffer: Buffer): boolean {
  if (!buffers.includes(buffer)) return false;
  free.push(buffer);
  return true;
}
