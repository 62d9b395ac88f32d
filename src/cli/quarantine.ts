import { count } from '../count.ts';
import { mostListed, withFindings } from '../errors.ts';
import { type BodyFormat, nameRow } from '../upload/delivery.ts';

/** Maps rows to features, if rows have indices of their own. */
export type RowNaming = Pick<BodyFormat, 'indexOf'>;

/** Describes the first `mostListed` rows that were left out; the receipt and `status JOB` list all of them. */
export function describeQuarantine(rows: ReadonlyMap<number, string>, naming: RowNaming): string[] {
  if (rows.size === 0) return [];
  const first = [...rows].slice(0, mostListed).map(([row, why]) => `${nameRow(naming, row)}: ${why}`);
  const left = rows.size === 1 ? '1 row is' : `${count(rows.size)} rows are`;
  return [withFindings(`${left} left out`, { first, count: rows.size })];
}

/** Returns the same as fields for `--json`: none if no row was left out. */
export function quarantineFields(rows: ReadonlyMap<number, string>, naming: RowNaming): Record<string, unknown> {
  if (rows.size === 0) return {};
  const quarantinedRows = listQuarantine(rows, naming).slice(0, mostListed);
  return { quarantined: rows.size, quarantinedRows };
}

/** Lists all rows that were left out for `--json`, with the index of each if rows have their own. */
export function listQuarantine(rows: ReadonlyMap<number, string>, { indexOf }: RowNaming) {
  return Array.from(rows, ([row, why]) => ({ row, ...(indexOf && { index: indexOf(row) }), why }));
}
