import { createHash } from 'node:crypto';
import { refuseField } from './refusal.ts';

// Every platform that libsql is built for is little-endian, so the bytes in memory are the bytes in the store.

function numberAt(values: unknown[], i: number, path: string): number {
  const value = values[i];
  // The public server takes numbers written as text, so this one does too.
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number') refuseField(`${path}[${i}]`, 'not a number');
  const single = Math.fround(number);
  if (!Number.isFinite(single)) refuseField(`${path}[${i}]`, 'not finite as a float32');
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

/** The little-endian bytes of a vector, as a view. */
export function vectorBytes(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** The vector in stored bytes, as a copy (stored bytes may lie at any offset, a Float32Array may not). */
export function vectorFromBytes(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

/** SHA-256 of the vector's little-endian float32 bytes, in hex: what the protocol calls `vectorHash`. */
export function hashVector(vector: Float32Array): string {
  return createHash('sha256').update(vectorBytes(vector)).digest('hex');
}
