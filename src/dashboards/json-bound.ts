/** The longest that JSON writes of a number: `-1.2345678901234567e+100`. */
const longestNumber = 25;

/** A control character is six bytes (`\u0001`), and no UTF-16 code unit takes more. */
const longestUnit = 6;

/** Bytes that a value takes as JSON, at the most: quicker than writing it, and never too few. */
export function jsonBound(value: unknown): number {
  if (typeof value === 'string') return longestUnit * value.length + 2;
  if (typeof value !== 'object' || value === null) return longestNumber;
  let bytes = 2;
  if (Array.isArray(value)) for (const item of value) bytes += jsonBound(item) + 1;
  else for (const key in value) bytes += jsonBound(key) + jsonBound(value[key as never]) + 2;
  return bytes;
}
