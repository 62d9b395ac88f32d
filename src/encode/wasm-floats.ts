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
  print(count: number): number;
}

/** Makes the compiled kernel ready. WebAssembly's memory is little-endian, so only for machines that are too. */
export function wasmFloats(module: WebAssembly.Module): WriteFloats {
  const kernel = new WebAssembly.Instance(module).exports as unknown as Kernel;
  fillTables(kernel);
  const capacity: number = kernel.capacity.value;
  const input = new Float32Array(kernel.memory.buffer, kernel.input.value, capacity);
  const output = new Uint8Array(kernel.memory.buffer, kernel.output.value, capacity * longestFloatText);
  return (values, from, count, out, at) => {
    let p = at;
    const end = from + count;
    for (let i = from; i < end; i += capacity) {
      const next = Math.min(i + capacity, end);
      input.set(values.subarray(i, next));
      const length = kernel.print(next - i);
      if (length === 0) return -1;
      // The comma after the last value is not wanted.
      out.set(output.subarray(0, next === end ? length - 1 : length), p);
      p += length;
    }
    return count > 0 ? p - 1 : p;
  };
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
