import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { optimiseWebAssembly } from '../v8-flags.ts';

/** What the files in `assembly/` export. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  /** The most values that one call takes. */
  readonly capacity: WebAssembly.Global;
  readonly input: WebAssembly.Global;
  readonly output: WebAssembly.Global;
  /** Where the printer's tables begin. */
  readonly units: WebAssembly.Global;
  /** Whether the values that were digested last are all finite: 0 or 1. */
  readonly areFinite: WebAssembly.Global;
  print(count: number, to: number): number;
  widenBf16(count: number): void;
  widenF16(count: number): void;
  digest(count: number, position: number, step: number): number;
}

/** The kernel: what is done to every value, in WebAssembly SIMD. Plain JavaScript does the same where it does not run. */
export interface Kernel extends Exports {
  /** Parts of its memory for request bodies, so that it prints into them without a copy. */
  readonly buffers: readonly Buffer[];
}

/** Enough for all requests under way and bodies made ahead. Only buffers that are written to take physical memory. */
const bufferCount = 20;
/** More than servers accept in a request. */
const bufferBytes = 6 << 20;
const pageBytes = 1 << 16;

/** The section of the module that holds the printer's tables (see `encode/kernel-tables.ts`). */
export const tablesSection = 'tables';

let opened: Kernel | 'none' | undefined;

/** The kernel if it has been opened. */
export function openedKernel(): Kernel | undefined {
  return opened === 'none' ? undefined : opened;
}

/**
 * Opens the kernel once. Undefined without WebAssembly SIMD, the module or the memory for it, and on big-endian machines,
 * because WebAssembly's memory is little-endian.
 */
export function openKernel(): Kernel | undefined {
  opened ??= load() ?? 'none';
  return openedKernel();
}

function load(): Kernel | undefined {
  if (typeof WebAssembly === 'undefined' || endianness() === 'BE') return undefined;
  try {
    // What `npm run bundle` compiles. The path is right from the sources and from `dist/parts` alike.
    const bytes = readFileSync(new URL('../../dist/kernel.wasm', import.meta.url));
    optimiseWebAssembly();
    const module = new WebAssembly.Module(bytes);
    const [tables] = WebAssembly.Module.customSections(module, tablesSection);
    if (!tables) return undefined;
    const kernel = new WebAssembly.Instance(module).exports as unknown as Exports;
    // First, because growing the memory replaces its buffer and detaches all views of the old one.
    const buffers = addBuffers(kernel.memory);
    new Uint8Array(kernel.memory.buffer).set(new Uint8Array(tables), kernel.units.value);
    return { ...kernel, buffers };
  } catch {
    return undefined;
  }
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
