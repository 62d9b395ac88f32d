/**
 * Reads and prints float32 by exact arithmetic on big integers: slow, but beyond doubt. Values are given by their bits,
 * without the sign.
 */

/** Returns a value and the two edges of the interval that reads as it, as whole multiples of 2^-151. */
function interval(bits: number): { value: bigint; from: bigint; to: bigint } {
  const middle = (pattern: number) => (magnitude(pattern) + magnitude(pattern + 1)) * 2n;
  return { value: 4n * magnitude(bits), from: middle(bits - 1), to: middle(bits) };
}

/** Returns a finite value in units of 2^-149. For infinity, it is the value that would follow the largest. */
function magnitude(bits: number): bigint {
  const exponent = bits >>> 23;
  const fraction = BigInt(bits & 0x7fffff);
  return exponent === 0 ? fraction : (fraction | 0x800000n) << BigInt(exponent - 1);
}

/** A decimal number: `digits · 10^power`. */
export interface Decimal {
  readonly digits: bigint;
  readonly power: number;
}

/** Parses a JSON number, ignoring its sign. */
export function parseDecimal(text: string): Decimal {
  const [, whole, fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:e(-?\d+))?$/.exec(text) ?? [];
  if (whole === undefined) throw new Error(`not a number: ${text}`);
  return { digits: BigInt(whole + fraction), power: Number(exponent) - fraction.length };
}

/** Whether a decimal, read directly as float32 (to nearest, ties to even), is the value. Without `ties`, no tie is. */
export function readsAs({ digits, power }: Decimal, bits: number, ties = true): boolean {
  const { from, to } = interval(bits);
  const scale = 10n ** BigInt(Math.abs(power));
  const [decimal, factor] = power < 0 ? [digits << 151n, scale] : [(digits * scale) << 151n, 1n];
  if (decimal === from * factor || decimal === to * factor) return ties && (bits & 1) === 0;
  return from * factor < decimal && decimal < to * factor;
}

/** Returns the distance of a decimal from the value, in units of `2^-151 · 10^-60`. */
export function distance({ digits, power }: Decimal, bits: number): bigint {
  const difference = ((digits * 10n ** BigInt(power + 60)) << 151n) - interval(bits).value * 10n ** 60n;
  return difference < 0n ? -difference : difference;
}

/**
 * Returns the best decimal there is: of those with the fewest digits that read back both directly and as a double, the
 * nearest. Not for zero.
 */
export function bestDecimal(bits: number, ties: boolean): Decimal {
  const [value] = new Float32Array(Uint32Array.of(bits).buffer);
  for (let count = 1; count <= 9; count++) {
    const { digits, power } = parseDecimal((value as number).toExponential(count - 1).replace('e+', 'e'));
    const around = [digits, digits - 1n, digits + 1n].map((candidate) => ({ digits: candidate, power }));
    const good = around.filter((decimal) => readsAs(decimal, bits, ties) && readsAsDouble(decimal, value as number));
    good.sort((a, b) => (distance(a, bits) < distance(b, bits) ? -1 : 1));
    if (good[0]) return good[0];
  }
  throw new Error(`nothing reads as ${bits}`);
}

function readsAsDouble({ digits, power }: Decimal, value: number): boolean {
  return Math.fround(Number(`${digits}e${power}`)) === value;
}

/** Counts the significant digits, without trailing zeros. */
export function digitCount({ digits }: Decimal): number {
  return String(digits).replace(/0+$/, '').length;
}
