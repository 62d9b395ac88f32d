import { createHash } from 'node:crypto';

// Every platform that libsql is built for is little-endian, so the bytes in memory are the bytes in the store.

/** A vector as it is stored: the upload protocol keeps float32s, the public kind doubles. */
export type StoredVector = Float32Array | Float64Array;

/** The little-endian bytes of a vector, as a view. */
export function vectorBytes(vector: StoredVector): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
}

/** The vector of `width` values in stored bytes, as a copy (stored bytes may lie at any offset, a typed array may not). */
export function vectorFromBytes(bytes: Uint8Array, width: number): StoredVector {
  const { buffer } = Uint8Array.from(bytes);
  return bytes.length === width * Float64Array.BYTES_PER_ELEMENT ? new Float64Array(buffer) : new Float32Array(buffer);
}

/** SHA-256 of the vector's little-endian float32 bytes, in hex: what the protocol calls `vectorHash`. */
export function hashVector(vector: Float32Array): string {
  return createHash('sha256').update(vectorBytes(vector)).digest('hex');
}
