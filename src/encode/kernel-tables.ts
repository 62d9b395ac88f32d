import { exactExponents, makeUnits, plainExponents, powersOfTwo } from './tables.ts';

/** Where a kernel keeps its tables. */
interface Tables {
  readonly memory: WebAssembly.Memory;
  readonly units: WebAssembly.Global;
  readonly scales: WebAssembly.Global;
  readonly powers: WebAssembly.Global;
  readonly plainUnits: WebAssembly.Global;
  readonly shapes: WebAssembly.Global;
}

/**
 * Computes the tables of a kernel, as they lie in its memory from `units` on. `npm run kernel` puts them into the module,
 * because computing them at every start would take 8 ms.
 */
export function kernelTables(module: WebAssembly.Module): Uint8Array {
  const { memory, ...at } = new WebAssembly.Instance(module).exports as unknown as Tables;
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
  return new Uint8Array(memory.buffer, at.units.value, at.shapes.value + 2048 - at.units.value).slice();
}

/**
 * Fills in unit, place and reach of plain values; the place is that of the decimal point in a decimal of seven digits. If
 * scaled values are rounded to 2^-24, the reach is two such steps short: the kernel checks what is up to five steps beyond
 * it with more bits. If they are exact, none is that close to the `edge`.
 */
function fillPlainUnits(view: DataView, high: Float64Array, scale: Int32Array): void {
  const { first, count } = plainExponents;
  for (let exponent = first; exponent < first + count; exponent++) {
    const unit = (high[exponent] as number) * 2 ** 24;
    const isExact = exponent >= exactExponents.first && exponent < exactExponents.first + exactExponents.count;
    view.setFloat64(16 * exponent, unit, true);
    view.setInt32(16 * exponent + 8, (scale[exponent] as number) + 7 - lowestPoint, true);
    view.setInt32(16 * exponent + 12, isExact ? Math.ceil(unit / 2) : Math.floor(unit / 2) - 2, true);
  }
}

function fillPowers(bytes: Uint8Array): void {
  ['0', ...powersOfTwo().slice(1)].forEach((text, exponent) => {
    bytes[16 * exponent] = text.length;
    bytes.set(Buffer.from(text, 'latin1'), 16 * exponent + 1);
  });
}

/** Where the kernel holds a value's characters before it puts them in order. */
const characters = { digits: [0, 8, 9, 10, 11, 12, 13, 14, 15], zero: 1, point: 2, minus: 3 } as const;
/** The position of the decimal point that shapes count from. Points actually come after -4 to 9 digits. */
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
      // Trailing zeros after the point are left out, and the point with them if no other digit follows it.
      for (let zeros = 0; zeros < digits.length; zeros++) {
        const isInteger = digits.length - zeros <= before;
        bytes[at + 16 + zeros] = (isInteger ? sign + before : layout.length - zeros) + ','.length;
      }
    }
  }
}
