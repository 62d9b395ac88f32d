import { count } from '../../count.ts';
import type { Page } from '../output.ts';

const labelWidth = 9;

/** The indent of lines below a label's text. */
export const indent = ' '.repeat(labelWidth);

/** Returns a line that begins with a label, and the lines that continue below it. */
export function labelled(page: Page, label: string, first: string, ...others: readonly string[]): string[] {
  return [`${page.paint.bold(label.padEnd(labelWidth))}${first}`, ...others.map((line) => `${indent}${line}`)];
}

/** Returns lines for the first of many items, and one that says how many more there are. */
export function firstOf<T, L>(items: readonly T[], most: number, line: (item: T) => L): (L | string)[] {
  const shown = items.slice(0, most).map(line);
  const more = items.length - shown.length;
  return more > 0 ? [...shown, `and ${count(more)} more; all of them with --json`] : shown;
}
