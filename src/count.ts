/** Formats a count for people: `131,072`. `toLocaleString` does the same but takes 5 ms to load its locale data. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Formats a count with its noun: `1 row`, `2,048 rows`. */
export function several(things: number, one: string, many = `${one}s`): string {
  return `${count(things)} ${things === 1 ? one : many}`;
}
