import type { WriteFloats } from './floats.ts';
import { longestFloatText } from './tables.ts';

/** What `kernel/float32-json.ts` exports. */
interface Kernel {
  readonly memory: WebAssembly.Memory;
  readonly capacity: WebAssembly.Global;
  readonly input: WebAssembly.Global;
  readonly output: WebAssembly.Global;
  /** Where its tables begin. */
  readonly units: WebAssembly.Global;
  print(count: number, to: number): number;
}

/** A writer, and memory that it writes to without a copy. */
export interface KernelFloats {
  readonly write: WriteFloats;
  readonly buffers: readonly Buffer[];
}

/** Enough for all requests under way and bodies made ahead. Only buffers that are written to take physical memory. */
const bufferCount = 20;
/** More than servers accept in a request. */
const bufferBytes = 6 << 20;
const pageBytes = 1 << 16;

/** The section of the module that holds its tables (see `kernel-tables.ts`). */
export const tablesSection = 'tables';

/**
 * Makes the compiled kernel ready. WebAssembly's memory is little-endian, so this is only for machines that are, too.
 * Throws an Error if the module has no tables, or if there is no memory for it.
 */
export function wasmFloats(module: WebAssembly.Module): KernelFloats {
  const [tables] = WebAssembly.Module.customSections(module, tablesSection);
  if (!tables) throw new Error('the kernel has no tables');
  const kernel = new WebAssembly.Instance(module).exports as unknown as Kernel;
  // First, because growing the memory replaces its buffer and detaches all views of the old one.
  const buffers = addBuffers(kernel.memory);
  new Uint8Array(kernel.memory.buffer).set(new Uint8Array(tables), kernel.units.value);
  const capacity: number = kernel.capacity.value;
  const memory = kernel.memory.buffer;
  const input = new Float32Array(memory, kernel.input.value, capacity);
  const output = new Uint8Array(memory, kernel.output.value, (capacity + 1) * longestFloatText);
  const write: WriteFloats = (values, from, count, out, at) => {
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
  return { write, buffers };
}

/** Adds the buffers to the memory; none if the machine has no more to give. */
function addBuffers(memory: WebAssembly.Memory): readonly Buffer[] {
  try {
    const first = memory.grow((bufferCount * bufferBytes) / pageBytes) * pageBytes;
    const buffer = (i: number) => Buffer.from(memory.buffer, first + i * bufferBytes, bufferBytes);
    return Array.from({ length: bufferCount }, (_, i) => buffer(i));
  } catch {
    return [];
  }
}
