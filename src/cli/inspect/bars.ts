import { count } from '../../count.ts';
import type { Histogram } from '../../inspect/histogram.ts';
import type { Page } from '../output.ts';

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const [narrowest, widest] = [8, 60];

/** Draws a histogram as lines of interval, bar and count. Bars take the width that the page leaves them. */
export function bars({ edges, counts, scale }: Histogram, page: Page, indent: string): string[] {
  const names = edges.map(scale === 'log10' ? (edge) => String(Number(edge.toPrecision(2))) : sameDecimals(edges));
  const labels = counts.map((_, i) => [names[i] as string, names[i + 1] as string] as const);
  const [left, right] = [0, 1].map((side) => Math.max(...labels.map((label) => (label[side] as string).length)));
  const tail = Math.max(...counts.map((value) => count(value).length));
  const room = page.columns - indent.length - (left as number) - (right as number) - tail - 7;
  const width = Math.max(narrowest, Math.min(widest, room));
  const most = Math.max(...counts);
  return counts.map((value, i) => {
    const [from, to] = labels[i] as readonly [string, string];
    const bar = page.unicode ? blocks((value / most) * width) : '#'.repeat(wholeCells((value / most) * width));
    const line = `${indent}${from.padStart(left as number)} to ${to.padStart(right as number)}  ${page.paint.green(bar)}`;
    return `${line}${bar === '' ? '' : ' '}${page.paint.dim(count(value))}`;
  });
}

/** Draws at least an eighth of a cell for any value above zero. */
function blocks(cells: number): string {
  const parts = cells > 0 ? Math.max(1, Math.round(cells * 8)) : 0;
  return '█'.repeat(parts >> 3) + eighths[parts & 7];
}

function wholeCells(cells: number): number {
  return cells > 0 ? Math.max(1, Math.round(cells)) : 0;
}

/** Formats round edges, all with as many decimals as the one that needs most. */
function sameDecimals(edges: readonly number[]): (edge: number) => string {
  if (edges.some((edge) => String(edge).includes('e'))) return String;
  const decimals = Math.max(...edges.map((edge) => (String(edge).split('.')[1] ?? '').length));
  return (edge) => edge.toFixed(decimals);
}
