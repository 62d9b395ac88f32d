import type { Completions } from '../api/steer-request.ts';
import { elapsedMs } from '../elapsed.ts';
import { safeText, widthOf, wrapText } from './display-text.ts';
import type { Output } from './output.ts';

/** Shows the two completions while they grow and when they are finished. */
export interface SteerView {
  update(completions: Completions): void;
  /** Prints the texts as results; on a terminal also those that were cut off (not `whole`). */
  finish(completions: Completions, whole: boolean): void;
}

/** On fewer columns than this, texts side by side are harder to read than one below the other. */
const narrowest = 60;
const gapWidth = 3;
const redrawMs = 40;

/**
 * On a terminal, shows the default and the steered text side by side, or one below the other if it is narrow, and
 * redraws them in place as they grow. Elsewhere prints each once, under its name, when they are finished.
 */
export function openSteerView(out: Output): SteerView {
  const { screen } = out;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let latest: Completions = { plain: null, steered: null };
  const draw = () => screen?.draw(layOut(out, latest, screen.columns));
  if (screen) {
    // stderr shows on the same terminal: its lines go above the texts.
    out.setLineWriter((line) => {
      screen.clear();
      out.stderr.write(`${line}\n`);
      draw();
    });
  }
  return {
    update: (completions) => {
      latest = completions;
      const now = elapsedMs();
      if (now - drawnAt < redrawMs) return;
      drawnAt = now;
      draw();
    },
    finish: (completions, whole) => {
      screen?.clear();
      out.setLineWriter(undefined);
      if (!whole && !screen) return;
      const { columns } = out;
      const lines = columns === undefined ? plainLines(out, completions) : layOut(out, completions, columns);
      for (const line of lines) out.result(line);
    },
  };
}

/** Lays out the texts for a file or pipe, without wrapping lines. */
function plainLines({ page: { paint } }: Output, { plain, steered }: Completions): string[] {
  return [paint.bold('default'), safeText(plain ?? ''), '', paint.bold('steered'), safeText(steered ?? '')];
}

function layOut({ page: { paint, unicode } }: Output, { plain, steered }: Completions, columns: number): string[] {
  const heads = [paint.bold('default'), paint.bold.green('steered')] as const;
  if (columns < narrowest) {
    const [left, right] = [plain, steered].map((text) => wrapText(text ?? '...', columns - 1));
    return [heads[0], ...(left as string[]), '', heads[1], ...(right as string[])];
  }
  const width = Math.floor((columns - gapWidth - 1) / 2);
  const [left, right] = [plain, steered].map((text) => wrapText(text ?? '...', width));
  const rows = Math.max((left as string[]).length, (right as string[]).length);
  const row = (one: string, size: number, other: string) =>
    `${one}${' '.repeat(Math.max(0, width - size))}${paint.dim(unicode ? ' │ ' : ' | ')}${other}`;
  return [
    row(heads[0], 'default'.length, heads[1]),
    ...Array.from({ length: rows }, (_, i) => {
      const text = left?.[i] ?? '';
      return row(text, widthOf(text), right?.[i] ?? '');
    }),
  ];
}
