import { longestFloatText, type WriteFloats } from '../../src/encode/floats.ts';

const most = 40_000;
const texts = new Uint8Array(most * longestFloatText);
const twinTexts = new Uint8Array(most * longestFloatText);
const doubles = new Float64Array(most);
const doubleBits = new Uint32Array(doubles.buffer);
const singles = new Float32Array(most);
const singleBits = new Uint32Array(singles.buffer);

/**
 * Prints values and reads them back. Returns the bits, signs included, of those that do not come back both as a double
 * that is rounded and as a float32 read directly. The two can differ only where the double lies exactly between two
 * float32, so these are returned too.
 */
export function misread(bits: Uint32Array<ArrayBuffer>, write: WriteFloats): number[] {
  const end = write(new Float32Array(bits.buffer, bits.byteOffset, bits.length), 0, bits.length, texts, 0);
  if (end < 0) return Array.from(bits);
  const read: number[] = JSON.parse(`[${Buffer.from(texts.buffer, 0, end).toString('latin1')}]`);
  if (read.length !== bits.length) return Array.from(bits);
  const bad: number[] = [];
  for (let i = 0; i < bits.length; i++) {
    doubles[i] = read[i] as number;
    singles[i] = read[i] as number;
    if (singleBits[i] !== bits[i] || isBetween(i)) bad.push(bits[i] as number);
  }
  return bad;
}

const smallestNormal = 2 ** -126;
const subnormalsInOne = 2 ** 149;

/** Whether the double at `i` lies halfway between two float32: its last 29 bits tell, more of them below 2^-126. */
function isBetween(i: number): boolean {
  const magnitude = Math.abs(doubles[i] as number);
  if (magnitude < smallestNormal) return (magnitude * subnormalsInOne) % 1 === 0.5;
  return ((doubleBits[2 * i] as number) & 0x1fffffff) === 0x10000000;
}

/** Whether two printers give the same bytes. */
export function sameBytes(bits: Uint32Array<ArrayBuffer>, one: WriteFloats, other: WriteFloats): boolean {
  const values = new Float32Array(bits.buffer, bits.byteOffset, bits.length);
  const end = one(values, 0, values.length, texts, 0);
  const otherEnd = other(values, 0, values.length, twinTexts, 0);
  return end === otherEnd && Buffer.compare(texts.subarray(0, end), twinTexts.subarray(0, end)) === 0;
}

/** Prints values and returns their texts. */
export function print(values: Float32Array, write: WriteFloats): string[] {
  const out = new Uint8Array(values.length * longestFloatText);
  const end = write(values, 0, values.length, out, 0);
  return Buffer.from(out.buffer, 0, end).toString().split(',');
}

/** Returns the values that have these bits. */
export function fromBits(bits: Iterable<number>): Float32Array {
  return new Float32Array(Uint32Array.from(bits).buffer);
}
