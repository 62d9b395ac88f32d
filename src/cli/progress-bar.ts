import cliProgress from 'cli-progress';
import type { Output } from './output.ts';
import { barLine } from './progress-line.ts';
import { factsOf, type ProgressState, type Shown } from './progress-state.ts';

/** Draws a bar on the terminal; lines written while it is shown go above it. */
export function showBar(out: Output, state: ProgressState): Shown {
  let isLast = false;
  const draw = (full: number, empty: number) => {
    const [done, open] = out.unicode ? ['█', '░'] : ['#', '-'];
    const [left, right] = [done.repeat(full), open.repeat(empty)];
    // The library cuts the final line to the terminal's width and counts colour codes as characters: it gets none.
    return isLast ? left + right : out.paint.green(left) + out.paint.dim(right);
  };
  const bars = new cliProgress.MultiBar({
    stream: out.stderr,
    hideCursor: true,
    forceRedraw: true,
    format: () => barLine(factsOf(state), out.stderr.columns || 80, draw),
    gracefulExit: false,
    emptyOnZero: true,
  });
  const bar = bars.create(state.total, state.confirmed);
  out.setLineWriter((line) => bars.log(`${line}\n`));
  return {
    changed: () => bar.update(state.confirmed),
    stop: () => {
      isLast = true;
      bar.update(state.confirmed);
      // Without this, lines logged since the last redraw would be lost.
      bars.update();
      bars.stop();
      out.setLineWriter(undefined);
    },
  };
}
