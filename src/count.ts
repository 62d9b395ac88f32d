/** A count as people read it: `131,072`. `toLocaleString` says the same, and takes 5 ms to load what it knows of locales. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 row`, `2,048 rows` */
export function several(things: number, one: string, many = `${one}s`): string {
  return `${count(things)} ${things === 1 ? one : many}`;
}
