import type { Completions } from '../api/steer.ts';
import { elapsedMs } from '../elapsed.ts';
import { safeText, widthOf, wrapText } from './display-text.ts';
import type { Output } from './output.ts';

/** Shows the two completions while they grow, and in the end. */
export interface SteerView {
  update(completions: Completions): void;
  /** Leaves the texts as results; on a terminal also those that were broken off. */
  finish(completions: Completions, whole: boolean): void;
}

/** Narrower than this, columns are harder to read than one text under the other. */
const narrowest = 60;
const gapWidth = 3;
const redrawMs = 40;

/**
 * On a terminal default and steered side by side, redrawn in place as they grow, one under the other where it is
 * narrow; elsewhere each once, under its name, when they are finished.
 */
export function openSteerView(out: Output): SteerView {
  const { screen } = out;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let latest: Completions = { plain: null, steered: null };
  const draw = () => screen?.draw(layOut(out, latest, screen.columns));
  if (screen) {
    // Both streams are the same terminal: a line on stderr goes above the texts.
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

/** For whoever reads it from a file or pipe: no line is broken that was none. */
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
