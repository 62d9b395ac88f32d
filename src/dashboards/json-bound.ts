/** Characters of the longest number in JSON, such as `-0.0000012345678901234567`. */
const longestNumber = 25;

/** A control character takes six bytes (`\u0001`), and no UTF-16 code unit takes more. */
const longestUnit = 6;

/** Returns an upper bound on the bytes that a value takes as JSON. This is quicker than writing it. */
export function jsonBound(value: unknown): number {
  if (typeof value === 'string') return longestUnit * value.length + 2;
  if (typeof value !== 'object' || value === null) return longestNumber;
  let bytes = 2;
  if (Array.isArray(value)) for (const item of value) bytes += jsonBound(item) + 1;
  else for (const key in value) bytes += jsonBound(key) + jsonBound(value[key as never]) + 2;
  return bytes;
}
