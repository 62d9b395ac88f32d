/** Commas and opening brackets: no fewer than a JSON text has values, but for one. */
export function countSeparators(chunk: Uint8Array): number {
  let count = 0;
  for (const byte of chunk) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) count++;
  return count;
}
