import type { Kernel } from '../kernel/kernel.ts';
import type { WriteFloats } from './floats.ts';
import { longestFloatText } from './tables.ts';

/** Returns a writer that uses the kernel; without a copy, if it is to write into one of the kernel's buffers. */
export function wasmFloats(kernel: Kernel): WriteFloats {
  const capacity: number = kernel.capacity.value;
  const memory = kernel.memory.buffer;
  const input = new Float32Array(memory, kernel.input.value, capacity);
  const output = new Uint8Array(memory, kernel.output.value, (capacity + 1) * longestFloatText);
  return (values, from, count, out, at) => {
    let p = at;
    const end = from + count;
    for (let i = from; i < end; i += capacity) {
      const next = Math.min(i + capacity, end);
      input.set(values.subarray(i, next));
      // The kernel writes 16 bytes at a time: what follows the last value may belong to somebody else.
      const isWithin = out.buffer === memory && p + (next - i + 1) * longestFloatText <= out.length;
      const length = kernel.print(next - i, isWithin ? out.byteOffset + p : output.byteOffset);
      if (length === 0) return -1;
      // Without the comma after the last value.
      if (!isWithin) out.set(output.subarray(0, next === end ? length - 1 : length), p);
      p += length;
    }
    return count > 0 ? p - 1 : p;
  };
}
