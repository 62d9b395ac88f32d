/**
 * The numbers that both float printers use. A finite float32 is `significand · 2^(exponent - 150)`, its significand below
 * 2^24. It is scaled by a power of ten so that one unit in its last place lies in [1, 10). Then an integer of at most
 * nine digits lies within half a unit and identifies it. If a multiple of ten lies within half a unit, there is only one,
 * and it is shorter (R. Giulietti, "The Schubfach way to render doubles", 2020).
 */

/** The scaled unit of each exponent: `high` + `low`. `high` has 28 bits, so a significand times it is exact in a double. */
export interface Units {
  readonly high: Float64Array;
  readonly low: Float64Array;
  /** The power of ten that the unit was divided by. */
  readonly scale: Int32Array;
}

/** Values from 2^-16 to below 2^27 are written without an exponent, the others with one. `low` of their units is 0. */
export const plainExponents = { first: 111, count: 43 } as const;

/**
 * From 2^-12 to below 2^27 the unit is `5^n · 2^m` with n up to 11, and a significand times it has at most 24 binary
 * places. The kernel, which rounds to 24 places, keeps it exact.
 */
export const exactExponents = { first: 115, count: 39 } as const;

/**
 * A shorter decimal must lie this far inside the half unit: on its edge, the decimal or the double next to it would read
 * back as a neighbour. Only 0x15ae43fd has a decimal closer to the edge but not on it: 7.038531e-26, at 2.2e-9, whose
 * double reads back as the next value, so 7.0385307e-26 is written instead. The next closest is at 1.2e-8.
 */
export const edge = 2 ** -28;

/** Bytes of the longest text: sign, 9 digits, point, exponent of two digits with its sign, and the comma after it. */
export const longestFloatText = 16;

/** Computes the units of all exponents of finite values. Subnormals share that of the smallest normal values. */
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

/** The 1 of the fixed-point units, fine enough that what is rounded away does not matter. */
const one = 2 ** 120;

/** `2^binary / 10^scale`, rounded down. */
function scaledUnit(binary: number, scale: number): bigint {
  const numerator = BigInt(one) * 2n ** BigInt(Math.max(binary, 0)) * 10n ** BigInt(Math.max(-scale, 0));
  return numerator / (2n ** BigInt(Math.max(-binary, 0)) * 10n ** BigInt(Math.max(scale, 0)));
}

/** How many bits follow the first 28. */
function dropped(unit: bigint): bigint {
  return BigInt(unit.toString(2).length - 28);
}

/**
 * The texts of the powers of two, by exponent. Their lower neighbour is half as far away as the upper one, which the
 * scheme above does not allow for. They are few: shorter texts are tried until one does not read back. None comes near an
 * edge.
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

/** The value with this many digits after the point; undefined if no such text reads back. */
function withPlaces(value: number, places: number): string | undefined {
  const readsBack = (text: string) => Math.fround(Number(text)) === value;
  const nearest = value.toExponential(places);
  if (readsBack(nearest)) return nearest;
  // It may be too far below the value, where the neighbour is closer, while the next text above is near enough.
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
