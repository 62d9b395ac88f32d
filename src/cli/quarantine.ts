import { count } from '../count.ts';
import { mostListed, withFindings } from '../errors.ts';
import { type BodyFormat, nameRow } from '../upload/delivery.ts';

/** Which feature a row is, where rows have indices of their own. */
export type RowNaming = Pick<BodyFormat, 'indexOf'>;

/** What people are told of rows that were left out: the first; the receipt and `status JOB` list them all. */
export function describeQuarantine(rows: ReadonlyMap<number, string>, naming: RowNaming): string[] {
  if (rows.size === 0) return [];
  const first = [...rows].slice(0, mostListed).map(([row, why]) => `${nameRow(naming, row)}: ${why}`);
  const left = rows.size === 1 ? '1 row is' : `${count(rows.size)} rows are`;
  return [withFindings(`${left} left out`, { first, count: rows.size })];
}

/** The same for programs; absent where there are none. */
export function quarantineFields(rows: ReadonlyMap<number, string>, naming: RowNaming): Record<string, unknown> {
  if (rows.size === 0) return {};
  const quarantinedRows = listQuarantine(rows, naming).slice(0, mostListed);
  return { quarantined: rows.size, quarantinedRows };
}

/** All of them for programs, each with the index of its feature where rows have their own. */
export function listQuarantine(rows: ReadonlyMap<number, string>, { indexOf }: RowNaming) {
  return Array.from(rows, ([row, why]) => ({ row, ...(indexOf && { index: indexOf(row) }), why }));
}
