import { refuseField } from './refusal.ts';

function numberAt(values: unknown[], i: number, path: string): number {
  const value = values[i];
  // The public server takes numbers written as text, so this one does too.
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number') refuseField(`${path}[${i}]`, 'must be a number');
  const single = Math.fround(number);
  if (!Number.isFinite(single)) refuseField(`${path}[${i}]`, 'must be finite as a float32');
  return single;
}

/** Reads a JSON array of 1 to `most` numbers as float32; refuses anything else, naming the element. */
export function readVector(value: unknown, path: string, most: number): Float32Array {
  if (!Array.isArray(value) || value.length === 0) refuseField(path, 'must be a non-empty array of numbers');
  if (value.length > most) refuseField(path, `must have at most ${most} items, found ${value.length}`);
  const vector = new Float32Array(value.length);
  for (let i = 0; i < value.length; i++) vector[i] = numberAt(value, i, path);
  return vector;
}
