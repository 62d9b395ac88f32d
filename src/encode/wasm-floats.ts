import type { WriteFloats } from './floats.ts';
import { exactExponents, longestFloatText, makeUnits, plainExponents, powersOfTwo } from './tables.ts';

/** What `kernel/float32-json.ts` exports. */
interface Kernel {
  readonly memory: WebAssembly.Memory;
  readonly capacity: WebAssembly.Global;
  readonly input: WebAssembly.Global;
  readonly output: WebAssembly.Global;
  readonly units: WebAssembly.Global;
  readonly scales: WebAssembly.Global;
  readonly powers: WebAssembly.Global;
  readonly plainUnits: WebAssembly.Global;
  readonly shapes: WebAssembly.Global;
  print(count: number, to: number): number;
}

/** A writer, and memory that it writes to without a copy. */
export interface KernelFloats {
  readonly write: WriteFloats;
  readonly buffers: readonly Buffer[];
}

/** As many as requests may be under way, and bodies made ahead. Only what is written to takes memory of the machine. */
const bufferCount = 20;
/** Above what servers take in a request. */
const bufferBytes = 6 << 20;
const pageBytes = 1 << 16;

/** Makes the compiled kernel ready. WebAssembly's memory is little-endian, so only for machines that are too. */
export function wasmFloats(module: WebAssembly.Module): KernelFloats {
  const kernel = new WebAssembly.Instance(module).exports as unknown as Kernel;
  // Before anything looks into its memory: it is another object once it has grown.
  const buffers = addBuffers(kernel.memory);
  fillTables(kernel);
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
      // The kernel writes 16 bytes at a time: behind the last value that may be somebody else's memory.
      const isWithin = out.buffer === memory && p + (next - i + 1) * longestFloatText <= out.length;
      const length = kernel.print(next - i, isWithin ? out.byteOffset + p : output.byteOffset);
      if (length === 0) return -1;
      // The comma after the last value is not wanted.
      if (!isWithin) out.set(output.subarray(0, next === end ? length - 1 : length), p);
      p += length;
    }
    return count > 0 ? p - 1 : p;
  };
  return { write, buffers };
}

/** None where the machine gives no more memory. */
function addBuffers(memory: WebAssembly.Memory): readonly Buffer[] {
  try {
    const first = memory.grow((bufferCount * bufferBytes) / pageBytes) * pageBytes;
    const buffer = (i: number) => Buffer.from(memory.buffer, first + i * bufferBytes, bufferBytes);
    return Array.from({ length: bufferCount }, (_, i) => buffer(i));
  } catch {
    return [];
  }
}

function fillTables({ memory, ...at }: Kernel): void {
  const { high, low, scale } = makeUnits();
  const units = new Float64Array(memory.buffer, at.units.value, 512);
  for (let exponent = 0; exponent < 255; exponent++) {
    units[2 * exponent] = high[exponent] as number;
    units[2 * exponent + 1] = low[exponent] as number;
  }
  new Int32Array(memory.buffer, at.scales.value, 256).set(scale);
  fillPlainUnits(new DataView(memory.buffer, at.plainUnits.value, 4096), high, scale);
  fillPowers(new Uint8Array(memory.buffer, at.powers.value, 4096));
  fillShapes(new Uint8Array(memory.buffer, at.shapes.value, 2048));
}

/**
 * Where the scaled value is rounded to 2^-24 one within five of these from the reach is asked again with more bits. Where
 * it is exact, what is nearer than half a unit by less than that is on the edge.
 */
function fillPlainUnits(view: DataView, high: Float64Array, scale: Int32Array): void {
  const { first, count } = plainExponents;
  for (let exponent = first; exponent < first + count; exponent++) {
    const unit = (high[exponent] as number) * 2 ** 24;
    const isExact = exponent >= exactExponents.first && exponent < exactExponents.first + exactExponents.count;
    view.setFloat64(16 * exponent, unit, true);
    view.setInt32(16 * exponent + 8, (scale[exponent] as number) + 7, true);
    view.setInt32(16 * exponent + 12, isExact ? Math.ceil(unit / 2) : Math.floor(unit / 2) - 2, true);
  }
}

function fillPowers(bytes: Uint8Array): void {
  ['0', ...powersOfTwo().slice(1)].forEach((text, exponent) => {
    bytes[16 * exponent] = text.length;
    bytes.set(Buffer.from(text, 'latin1'), 16 * exponent + 1);
  });
}

/** Where the kernel has a value's characters, before they are put in order. */
const characters = { digits: [0, 8, 9, 10, 11, 12, 13, 14, 15], zero: 1, point: 2, minus: 3 } as const;
const lowestPoint = -8;

function fillShapes(bytes: Uint8Array): void {
  const { digits, zero, point, minus } = characters;
  for (let sign = 0; sign < 2; sign++) {
    for (let before = -4; before <= 9; before++) {
      const text =
        before <= 0
          ? [zero, point, ...Array(-before).fill(zero), ...digits]
          : [...digits.slice(0, before), point, ...digits.slice(before)];
      const layout = sign ? [minus, ...text] : text;
      const at = 32 * (32 * sign + before - lowestPoint);
      bytes.set(layout.slice(0, 16), at);
      // Zeros at the end are left out as far as they stand behind the point, and the point with the last of them.
      for (let zeros = 0; zeros < digits.length; zeros++) {
        const isInteger = digits.length - zeros <= before;
        bytes[at + 16 + zeros] = (isInteger ? sign + before : layout.length - zeros) + ','.length;
      }
    }
  }
}
