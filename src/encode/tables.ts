/**
 * Numbers that both float printers go by. A finite float32 is `significand · 2^(exponent - 150)`, its significand below
 * 2^24. Scaled by a power of ten so that one unit in its last place lies in [1, 10), it is an integer of at most nine
 * digits give or take half a unit: that integer identifies it, and where a multiple of ten lies within the half unit,
 * there is only one, and it is shorter (R. Giulietti, "The Schubfach way to render doubles", 2020).
 */

/** The scaled unit of each exponent, as a sum: `high` has 28 bits, so that a significand times it is exact in a double. */
export interface Units {
  readonly high: Float64Array;
  readonly low: Float64Array;
  /** The power of ten that was divided by. */
  readonly scale: Int32Array;
}

/** Values from 2^-16 to below 2^27 are written plainly, the others with an exponent. `low` of their units is 0. */
export const plainExponents = { first: 111, count: 43 } as const;

/**
 * From 2^-12 to below 2^27 the unit is `5^n · 2^m`, n up to 11, and a significand times it has at most 24 binary places:
 * rounded to 24, as the kernel has it, it is still what it was.
 */
export const exactExponents = { first: 115, count: 39 } as const;

/**
 * A shorter decimal must lie this far within the half unit: on the edge it would read back as a neighbour, or the double
 * next to it would. Of all values only 0x15ae43fd has one nearer that is not on the edge itself: 7.038531e-26, at 2.2e-9,
 * whose double is read as the next value; 7.0385307e-26 is written instead. The next nearest is at 1.2e-8.
 */
export const edge = 2 ** -28;

/** The longest text: sign, 9 digits, point, exponent of two digits with its sign, and the comma after it. */
export const longestFloatText = 16;

/** The units of all exponents of finite values; subnormals have that of the smallest normal ones. */
export function makeUnits(): Units {
  const units = { high: new Float64Array(256), low: new Float64Array(256), scale: new Int32Array(256) };
  for (let exponent = 0; exponent < 255; exponent++) {
    const binary = Math.max(exponent, 1) - 150;
    const scale = Math.floor(binary * Math.log10(2));
    const unit = scaledUnit(binary, scale);
    const high = (unit >> dropped(unit)) << dropped(unit);
    units.high[exponent] = Number(high) / one;
    units.low[exponent] = Number(unit - high) / one;
    units.scale[exponent] = scale;
  }
  return units;
}

/** Fixed point, fine enough that what is rounded away does not matter. */
const one = 2 ** 120;

/** `2^binary / 10^scale`, rounded down. */
function scaledUnit(binary: number, scale: number): bigint {
  const numerator = BigInt(one) * 2n ** BigInt(Math.max(binary, 0)) * 10n ** BigInt(Math.max(-scale, 0));
  return numerator / (2n ** BigInt(Math.max(-binary, 0)) * 10n ** BigInt(Math.max(scale, 0)));
}

/** Bits behind the first 28. */
function dropped(unit: bigint): bigint {
  return BigInt(unit.toString(2).length - 28);
}

/**
 * The texts of the powers of two by their exponents. Their lower neighbours are half as far away as their upper ones,
 * which the scheme above does not know; they are so few that trying one digit less until the text does not read back will
 * do. None of them comes near an edge.
 */
export function powersOfTwo(): readonly string[] {
  return Array.from({ length: 255 }, (_, exponent) =>
    exponent === 0 ? '' : shortest(2 ** (exponent - 127), exponent),
  );
}

function shortest(value: number, exponent: number): string {
  const isPlain = exponent >= plainExponents.first && exponent < plainExponents.first + plainExponents.count;
  // Nine digits are always enough, and most need eight or nine.
  let shortest = value.toExponential(8);
  for (let places = 7; places >= 0; places--) {
    const shorter = withPlaces(value, places);
    if (shorter === undefined) break;
    shortest = shorter;
  }
  return isPlain ? plainly(shortest) : shortest.replace('e+', 'e');
}

/** The value with so many digits behind the point, as far as that reads back. */
function withPlaces(value: number, places: number): string | undefined {
  const readsBack = (text: string) => Math.fround(Number(text)) === value;
  const nearest = value.toExponential(places);
  if (readsBack(nearest)) return nearest;
  // It may lie below, beyond the near edge, while the next above is within the far one.
  const above = nextAbove(nearest);
  return readsBack(above) ? above : undefined;
}

function nextAbove(text: string): string {
  const [digits, exponent] = text.split('e') as [string, string];
  const lastDigit = 10 ** -(digits.replace('.', '').length - 1);
  return `${(Number(digits) + lastDigit).toFixed(Math.max(0, digits.length - 2))}e${exponent}`;
}

/** `1.5258789e-5` as 0.000015258789. */
function plainly(text: string): string {
  const [digits, exponent] = text.replace('.', '').split('e') as [string, string];
  const point = Number(exponent) + 1;
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
  const padded = digits.padEnd(point, '0');
  return padded.length === point ? padded : `${padded.slice(0, point)}.${padded.slice(point)}`;
}
