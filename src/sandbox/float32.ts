import { createHash } from 'node:crypto';

// Every platform that libsql is built for is little-endian, so the bytes in memory are the bytes in the store.

/** A vector as it is stored: the upload protocol keeps float32s, the public kind keeps doubles. */
export type StoredVector = Float32Array | Float64Array;

/** Returns a view of a vector's little-endian bytes. */
export function vectorBytes(vector: StoredVector): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** Copies a vector of `width` values out of stored bytes, which may lie at any offset (a typed array must be aligned). */
export function vectorFromBytes(bytes: Uint8Array, width: number): StoredVector {
  const { buffer } = Uint8Array.from(bytes);
  return bytes.length === width * Float64Array.BYTES_PER_ELEMENT ? new Float64Array(buffer) : new Float32Array(buffer);
}

/** Returns the SHA-256, in hex, of the vector's little-endian float32 bytes: the protocol's `vectorHash`. */
export function hashVector(vector: Float32Array): string {
  return createHash('sha256').update(vectorBytes(vector)).digest('hex');
}
