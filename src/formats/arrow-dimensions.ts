import { isFloat } from '../tensor/dtype.ts';
import type { ArrowField } from './arrow-schema.ts';

/** The columns of a table with one column for each dimension of a vector. */
export interface Dimensions {
  readonly columns: readonly ArrowField[];
  /** Whether their names number them. If not, each may just as well be a quantity of its own. */
  readonly isNumbered: boolean;
}

/**
 * Finds the float columns that make up a matrix: those numbered without a gap (`0`, `1`, …; `dim_1`, `dim_2`, …), sorted
 * by number, if they are most of the float columns; otherwise all, in table order. Undefined unless there are at least
 * two, all of one dtype.
 */
export function dimensionColumns(fields: readonly ArrowField[]): Dimensions | undefined {
  const floats = fields.filter(({ dtype }) => dtype && isFloat(dtype));
  const numbered = largestSeries(floats);
  const isNumbered = numbered.length > floats.length / 2;
  const columns = isNumbered ? numbered : floats;
  const isOneType = columns.every(({ dtype }) => dtype === columns[0]?.dtype);
  return columns.length > 1 && isOneType ? { columns, isNumbered } : undefined;
}

/** The match begins only at the first of several digits: a long run in a name would be read again from each of them. */
const lastNumber = /(?<!\d)\d+$/;

function largestSeries(fields: readonly ArrowField[]): ArrowField[] {
  const series = new Map<string, ArrowField[]>();
  for (const field of fields) {
    const number = lastNumber.exec(field.name);
    if (!number) continue;
    const prefix = field.name.slice(0, number.index);
    const columns = series.get(prefix);
    if (columns) columns.push(field);
    else series.set(prefix, [field]);
  }
  const complete = [...series.values()].map(inOrder).filter((columns) => columns !== undefined);
  return complete.reduce((largest, columns) => (columns.length > largest.length ? columns : largest), []);
}

/** Sorts columns by their numbers; undefined if these do not run from 0 or 1 without a gap. */
function inOrder(columns: ArrowField[]): ArrowField[] | undefined {
  const numberOf = ({ name }: ArrowField) => Number(lastNumber.exec(name)?.[0]);
  const sorted = [...columns].sort((a, b) => numberOf(a) - numberOf(b));
  const first = numberOf(sorted[0]!);
  return first <= 1 && sorted.every((column, i) => numberOf(column) === first + i) ? sorted : undefined;
}
