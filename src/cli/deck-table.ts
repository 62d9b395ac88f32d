import { cutMiddle, safeText, widthOf } from './display-text.ts';

/** One column of a table. */
export interface Column {
  readonly heading: string;
  readonly cells: readonly string[];
  /** Aligns the cells to the right, for numbers. */
  readonly right?: boolean;
  /** May be shortened in the middle if there is no room; other columns never are. */
  readonly cut?: boolean;
}

const gap = '  ';
/** The least width that a column is shortened to. If that does not fit, the column moves to the next line. */
const leastCut = 24;

/** The columns that share one line, and the width of each. */
interface Deck {
  readonly columns: readonly Column[];
  readonly widths: readonly number[];
  readonly indent: number;
}

/**
 * Lays out a table for `width` columns: one line per row if there is room, else what does not fit continues on indented
 * lines below. `mark` replaces what is cut out. The headings are laid out in the same way.
 */
export function tableLines(
  columns: readonly Column[],
  width: number,
  mark: string,
): { head: string[]; rows: string[] } {
  const decks = intoDecks(columns, width);
  const [first] = columns;
  const lines = (cell: (column: Column) => string) =>
    decks.map((deck) => deckLine(deck, cell, mark)).filter((line) => line !== '');
  const rows = (first?.cells ?? []).flatMap((_, i) => lines(({ cells }) => cells[i] ?? ''));
  return { head: lines(({ heading }) => heading), rows };
}

function intoDecks(columns: readonly Column[], width: number): Deck[] {
  const indent = columns[0] ? naturalWidth(columns[0]) + gap.length : 0;
  const decks: { columns: Column[]; widths: number[]; indent: number; used: number }[] = [];
  for (const column of columns) {
    const natural = naturalWidth(column);
    const needed = column.cut ? Math.min(natural, leastCut) : natural;
    const last = decks.at(-1);
    const room = last ? width - last.used - gap.length : 0;
    if (last && needed <= room) {
      const given = column.cut ? Math.min(natural, room) : natural;
      last.columns.push(column);
      last.widths.push(given);
      last.used += gap.length + given;
      continue;
    }
    const under = decks.length > 0 ? indent : 0;
    const given = column.cut ? Math.max(1, Math.min(natural, width - under)) : natural;
    decks.push({ columns: [column], widths: [given], indent: under, used: under + given });
  }
  return decks;
}

function naturalWidth({ heading, cells }: Column): number {
  return cells.reduce((most, cell) => Math.max(most, widthOf(safeText(cell))), widthOf(heading));
}

function deckLine({ columns, widths, indent }: Deck, cell: (column: Column) => string, mark: string): string {
  const texts = columns.map((column, i) => {
    const room = widths[i] as number;
    const text = safeText(cell(column));
    const shown = column.cut ? cutMiddle(text, room, mark) : text;
    const space = ' '.repeat(Math.max(0, room - widthOf(shown)));
    return column.right ? space + shown : shown + space;
  });
  return `${' '.repeat(indent)}${texts.join(gap)}`.trimEnd();
}
