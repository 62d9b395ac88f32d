/** Formats a number: `0.9871`, `12.35`, `1.500e-7` with four digits, but from 1000 to a million as a rounded integer. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(3);
  return size >= 1000 ? String(Math.round(value)) : value.toPrecision(4);
}

const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** Formats a number of bytes: `512 bytes`, `1.3 MB`. Units are decimal, as servers count. */
export function size(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
