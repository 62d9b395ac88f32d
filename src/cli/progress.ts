import { elapsedMs } from '../elapsed.ts';
import type { Output } from './output.ts';
import { factsLine } from './progress-line.ts';
import { factsOf, type ProgressState, type QuotaReach, type Shown, startState } from './progress-state.ts';

/** Shows how far an upload is: a bar on a terminal, a line now and then elsewhere. */
export interface Progress {
  /** So many rows are confirmed; `quota` says how far it lets this run come, where that is not the end. */
  update(confirmed: number, quota?: QuotaReach): void;
  /** A request failed and is sent again after this long. */
  trying(waitMs: number): void;
  /** Nothing is sent before an instant. */
  waiting(until: Date): void;
  /** Requests are spread from now on: all that is left takes this long. */
  spread(leftMs: number): void;
  stop(): void;
}

/** Elsewhere than on a terminal: at most a line in ten seconds, and one in half a minute while something goes on. */
const leastMs = 10_000;
const mostMs = 30_000;
const lineEveryShare = 0.05;

/** Starts to show progress towards `total` rows, of which `confirmed` were on the server before. */
export type StartProgress = (total: number, confirmed: number) => Progress;

/** Loads what shows progress on this output: nothing with `--quiet` or `--no-progress`. */
export async function loadProgress(out: Output): Promise<StartProgress> {
  if (out.quiet || !out.progress) return () => silent;
  const isDrawn = out.stderr.isTTY && out.cursor;
  // Where no bar is drawn, as in CI, none is loaded either: that takes 4 ms.
  const show = isDrawn ? (await import('./progress-bar.ts')).showBar : showLines;
  return (total, confirmed) => {
    const state = startState(total, confirmed);
    return progressOf(state, show(out, state));
  };
}

/** Shows progress towards `total` while something is done; `update` says how far that is. */
export async function withProgress<T>(
  out: Output,
  total: number,
  work: (update: (done: number) => void) => Promise<T>,
): Promise<T> {
  const progress = (await loadProgress(out))(total, 0);
  try {
    return await work((done) => progress.update(done));
  } finally {
    progress.stop();
  }
}

function progressOf(state: ProgressState, shown: Shown): Progress {
  return {
    update: (now, quota) => {
      state.confirmed = now;
      state.quota = quota;
      state.until = undefined;
      state.tryAt = undefined;
      state.pace.mark(now, elapsedMs());
      shown.changed();
    },
    trying: (waitMs) => {
      state.tryAt = elapsedMs() + waitMs;
      shown.changed();
    },
    waiting: (until) => {
      state.until = until;
      state.pace.pause();
      shown.changed();
    },
    spread: (leftMs) => state.pace.spread(leftMs, elapsedMs()),
    stop: shown.stop,
  };
}

const silent: Progress = {
  update: () => undefined,
  trying: () => undefined,
  waiting: () => undefined,
  spread: () => undefined,
  stop: () => undefined,
};

function showLines(out: Output, state: ProgressState): Shown {
  let shownAt = elapsedMs();
  let shown = state.confirmed;
  const show = () => {
    shownAt = elapsedMs();
    shown = state.confirmed;
    out.note(factsLine(factsOf(state)));
  };
  // A job of a CI server that says nothing for long is taken for dead.
  const timer = setInterval(() => {
    if (!state.until && elapsedMs() - shownAt >= mostMs) show();
  }, mostMs / 2).unref();
  return {
    changed: () => {
      if (state.until || state.confirmed === shown) return;
      const far = state.confirmed - shown >= state.total * lineEveryShare;
      const isDone = state.confirmed >= state.total;
      if (isDone || (far && elapsedMs() - shownAt >= leastMs)) show();
    },
    stop: () => clearInterval(timer),
  };
}
