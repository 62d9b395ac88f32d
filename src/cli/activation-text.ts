import type { ChalkInstance } from 'chalk';
import { safeText, widthOf } from './display-text.ts';

/** Formats a token for display: decodes the tokenizer's marks for spaces and newlines, and shows newlines as `↵`. */
export function tokenText(token: string): string {
  const plain = token.replaceAll(/[▁Ġ]/g, ' ').replaceAll('Ċ', '\n');
  return safeText(plain).replaceAll('\n', '↵');
}

/** Returns the index of the largest value, or -1 if there are none. */
export function strongest(values: readonly number[]): number {
  let best = -1;
  for (const [i, value] of values.entries()) if (best < 0 || value > (values[best] as number)) best = i;
  return best;
}

/**
 * Returns as much of a text around its most active token as fits into `width` columns. The token is put between `<<` and
 * `>>`, as in auto-interpretation prompts. Without values, returns the text's beginning.
 */
export function markedText(
  tokens: readonly string[],
  values: readonly number[],
  width: number,
  paint: ChalkInstance,
): string {
  const at = strongest(values);
  const texts = tokens.map(tokenText);
  const marked = texts[at];
  if (marked === undefined) {
    const [, end] = windowAround(texts, 0, width - widthOf(texts[0] ?? '') - 1);
    return `${texts.slice(0, end).join('')}${end < texts.length ? '…' : ''}`;
  }
  const [from, to] = windowAround(texts, at, width - widthOf(marked) - '<<>>……'.length);
  const before = `${from > 0 ? '…' : ''}${texts.slice(from, at).join('')}`;
  const after = `${texts.slice(at + 1, to).join('')}${to < texts.length ? '…' : ''}`;
  return `${before}${paint.bold.yellow(`<<${marked}>>`)}${after}`;
}

/** Grows the window by two tokens before for each one after: the model had read only what comes before. */
function windowAround(texts: readonly string[], at: number, room: number): [from: number, to: number] {
  let [from, to, left] = [at, at + 1, room];
  for (let step = 0, stuck = 0; stuck < 3; step++) {
    const back = step % 3 < 2;
    const next = texts[back ? from - 1 : to];
    const size = next === undefined ? Number.POSITIVE_INFINITY : widthOf(next);
    if (size > left) {
      stuck++;
      continue;
    }
    stuck = 0;
    left -= size;
    if (back) from--;
    else to++;
  }
  return [from, to];
}
