import type { Finding } from './findings.ts';
import type { RowSurvey } from './survey-rows.ts';

/** Returns what a survey found that should not be uploaded, or not without a second look. */
export function rowFindings(where: string, survey: RowSurvey): Finding[] {
  const { broken, zero, duplicates } = survey;
  const findings: Finding[] = [];
  const add = (code: Finding['code'], count: number, message: string, hint: string) => {
    findings.push({ code, where, message: `${rowsOf(count)} ${message}`, hint, count });
  };
  if (broken.count > 0) {
    const places = broken.first.map(({ row, column, value }) => `row ${row}, value ${column}: ${value}`);
    const wide = broken.first.every(({ beyondFloat32 }) => beyondFloat32);
    const what = wide ? 'values that a float32 cannot hold' : 'NaN or infinity';
    add(
      wide ? 'beyond_float32' : 'not_finite',
      broken.count,
      `with ${what}: ${firstOf(places, broken.count)}`,
      'no server takes these rows: leave them out with --skip-bad-rows',
    );
  }
  if (zero.count > 0) {
    add(
      'zero_rows',
      zero.count,
      `of zeros: ${firstOf(zero.first, zero.count)}`,
      'steering with a direction of length 0 has no effect',
    );
  }
  if (duplicates.count > 0) {
    const pairs = duplicates.first.map(([earlier, row]) => `${row} = ${earlier}`);
    add(
      'duplicate_rows',
      duplicates.count,
      `equal to an earlier one: ${firstOf(pairs, duplicates.count)}`,
      'was this file put together from parts that overlap?',
    );
  }
  return findings;
}

function rowsOf(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`;
}

/** `3, 17, 20 and 5 more` */
function firstOf(items: readonly (string | number)[], count: number): string {
  const more = count - items.length;
  return `${items.join(typeof items[0] === 'string' ? '; ' : ', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
