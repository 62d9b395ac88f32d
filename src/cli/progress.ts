import { elapsedMs } from '../elapsed.ts';
import type { Output } from './output.ts';
import { factsLine } from './progress-line.ts';
import { factsOf, type ProgressState, type QuotaReach, type Shown, startState } from './progress-state.ts';

/** Shows how far an upload is: a bar on a terminal, a line now and then elsewhere. */
export interface Progress {
  /** Sets how many rows are confirmed; `quota` is given if it will be spent before all are. */
  update(confirmed: number, quota?: QuotaReach): void;
  /** A request failed and is sent again after `waitMs`. */
  trying(waitMs: number): void;
  /** Nothing is sent before `until`. */
  waiting(until: Date): void;
  /** Requests are spread out from now on: sending the rest takes `leftMs`. */
  spread(leftMs: number): void;
  stop(): void;
}

/** Limits where no bar is drawn: at most one line in 10 s, except the last, and one after about 30 s of silence. */
const leastMs = 10_000;
const mostMs = 30_000;
const lineEveryShare = 0.05;

/** Starts showing progress towards `total` rows, of which `confirmed` were on the server before. */
export type StartProgress = (total: number, confirmed: number) => Progress;

/** Loads the display that suits this output: with `--quiet` or `--no-progress` one that shows nothing. */
export async function loadProgress(out: Output): Promise<StartProgress> {
  if (out.quiet || !out.progress) return () => silent;
  const isDrawn = out.stderr.isTTY && out.cursor;
  // Loading the bar takes 4 ms, so it is loaded only where one is drawn: not in CI, for example.
  const show = isDrawn ? (await import('./progress-bar.ts')).showBar : showLines;
  return (total, confirmed) => {
    const state = startState(total, confirmed);
    return progressOf(state, show(out, state));
  };
}

/** Shows progress towards `total` while `work` runs; `work` reports it by calling `update`. */
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
  // CI servers kill a job that prints nothing for a long time.
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
