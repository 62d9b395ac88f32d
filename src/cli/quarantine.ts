import { count } from './progress.ts';

/** Enough to see a pattern; the receipt and `status JOB` list them all. */
const mostShown = 20;

/** What people are told of rows that were left out. */
export function describeQuarantine(rows: ReadonlyMap<number, string>): string[] {
  if (rows.size === 0) return [];
  const first = [...rows].slice(0, mostShown).map(([row, why]) => `row ${row}: ${why}`);
  const more = rows.size > first.length ? ` (the first ${first.length})` : '';
  const left = rows.size === 1 ? '1 row is' : `${count(rows.size)} rows are`;
  return [`${left} left out${more}: ${first.join('; ')}`];
}

/** The same for programs; absent where there are none. */
export function quarantineFields(rows: ReadonlyMap<number, string>): Record<string, unknown> {
  if (rows.size === 0) return {};
  const quarantinedRows = [...rows].slice(0, mostShown).map(([row, why]) => ({ row, why }));
  return { quarantined: rows.size, quarantinedRows };
}
