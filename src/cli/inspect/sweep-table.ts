import { count } from '../../count.ts';
import type { SaeReport } from '../../inspect/dictionary.ts';
import { type Column, tableLines } from '../deck-table.ts';
import type { Page } from '../output.ts';
import { labelled } from './lines.ts';
import { figure } from './numbers.ts';

/** Shows many SAEs as a table with one line for each. */
export function sweepTable(page: Page, saes: readonly SaeReport[]): string[] {
  const rows = saes.map(cells);
  const columns = headings.map((heading, i): Column => {
    const isPath = i === headings.length - 1;
    return { heading, cells: rows.map((row) => row[i] as string), ...(isPath ? { cut: true } : { right: true }) };
  });
  const said = columns.filter((column) => column.cut || column.cells.some((cell) => cell !== '-'));
  const table = tableLines(said, page.room, page.unicode ? '…' : '...');
  const layouts = [...new Set(saes.map(({ layout, kind }) => `${layout}, ${kind}`))].join('; ');
  return [
    ...labelled(page, 'SAEs', `${count(saes.length)} (${layouts}); each at length with --json, or by its own path`),
    ...table.head.map((line) => page.paint.dim(line)),
    ...table.rows,
  ];
}

const headings = [
  'layer',
  'head',
  'features',
  'width',
  'NaN/Inf',
  'zero',
  'equal',
  'norm min',
  'median',
  'max',
  'dead',
  'path',
];

function cells({ layer, head, features, width, survey, firing, path }: SaeReport): string[] {
  const norms = survey?.norms;
  const text = (value: number | undefined, show: (value: number) => string) =>
    value === undefined ? '-' : show(value);
  return [
    text(layer?.value, String),
    text(head?.index, String),
    count(features),
    String(width),
    text(survey?.broken.count, count),
    text(survey?.zero.count, count),
    text(survey?.duplicates.count, count),
    text(norms?.min, figure),
    text(norms?.median, figure),
    text(norms?.max, figure),
    text(firing?.dead.count, count),
    path,
  ];
}
