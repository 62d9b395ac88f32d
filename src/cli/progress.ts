import cliProgress from 'cli-progress';
import { shortMoment } from './moment.ts';
import type { Output } from './output.ts';
import { createPace, type Pace } from './pace.ts';
import { barLine, clock, etaText, factsLine, type ProgressFacts } from './progress-line.ts';

/** Shows how far an upload is: a bar on a terminal, a line now and then elsewhere. */
export interface Progress {
  /** So many rows are confirmed; `quota` says how far it lets this run come, where that is not the end. */
  update(confirmed: number, quota?: QuotaAhead): void;
  /** A request failed and is sent again after this long. */
  trying(waitMs: number): void;
  /** Nothing is sent before an instant. */
  waiting(until: Date): void;
  /** Requests are spread from now on: all that is left takes this long. */
  spread(leftMs: number): void;
  stop(): void;
}

/** A quota that is spent before all rows are there. */
export interface QuotaAhead {
  /** Rows that will be confirmed when it is spent. */
  readonly reach: number;
  /** When the last of the rows can be sent, where the run waits for that. */
  readonly lastDay?: Date | undefined;
}

/** Elsewhere than on a terminal: at most a line in ten seconds, and one in half a minute while something goes on. */
const leastMs = 10_000;
const mostMs = 30_000;
const lineEveryShare = 0.05;

/** Progress towards `total` rows, of which `confirmed` were on the server before. Nothing with `--quiet` or `--no-progress`. */
export function startProgress(out: Output, total: number, confirmed: number): Progress {
  if (out.quiet || !out.progress) return silent;
  const state = startState(total, confirmed);
  const show = out.stderr.isTTY && out.cursor ? showBar(out, state) : showLines(out, state);
  return {
    update: (now, quota) => {
      state.confirmed = now;
      state.quota = quota;
      state.until = undefined;
      state.tryAt = undefined;
      state.pace.mark(now, performance.now());
      show.changed();
    },
    trying: (waitMs) => {
      state.tryAt = performance.now() + waitMs;
      show.changed();
    },
    waiting: (until) => {
      state.until = until;
      state.pace.pause();
      show.changed();
    },
    spread: (leftMs) => state.pace.spread(leftMs, performance.now()),
    stop: show.stop,
  };
}

const silent: Progress = {
  update: () => undefined,
  trying: () => undefined,
  waiting: () => undefined,
  spread: () => undefined,
  stop: () => undefined,
};

interface State {
  readonly total: number;
  readonly startedAt: number;
  readonly before: number;
  readonly pace: Pace;
  confirmed: number;
  quota: QuotaAhead | undefined;
  until: Date | undefined;
  /** When a request that failed is sent again. */
  tryAt: number | undefined;
}

interface Shown {
  changed(): void;
  stop(): void;
}

function startState(total: number, confirmed: number): State {
  const startedAt = performance.now();
  const pace = createPace(confirmed, startedAt);
  return { total, startedAt, before: confirmed, pace, confirmed, quota: undefined, until: undefined, tryAt: undefined };
}

/** What can be said now: the rate of the last minutes, and in the end of the whole. */
function factsOf({ total, startedAt, before, pace, confirmed, quota, until, tryAt }: State): ProgressFacts {
  const now = performance.now();
  const all = { confirmed, total };
  if (until) return { ...all, rate: 0, end: `waiting until ${shortMoment(until)}` };
  if (confirmed >= total) {
    const ms = now - startedAt;
    const rate = ms > 0 ? ((confirmed - before) / ms) * 1000 : 0;
    return { ...all, rate, end: confirmed > before ? `done in ${clock(ms)}` : 'done' };
  }
  if (tryAt !== undefined)
    return { ...all, rate: 0, end: tryAt > now ? `trying again in ${clock(tryAt - now)}` : 'trying again' };
  const rate = pace.rate(now);
  if (!quota) return { ...all, rate, end: etaText(pace.leftMs(total - confirmed, now)) };
  if (quota.lastDay) return { ...all, rate, end: `done about ${shortMoment(quota.lastDay)}` };
  const eta = etaText(pace.leftMs(quota.reach - confirmed, now));
  return { ...all, rate, end: eta === '' ? '' : `${eta} to the quota` };
}

function showBar(out: Output, state: State): Shown {
  let isLast = false;
  const draw = (full: number, empty: number) => {
    const [done, open] = out.unicode ? ['█', '░'] : ['#', '-'];
    const [left, right] = [done.repeat(full), open.repeat(empty)];
    // The library cuts the line that it leaves behind to the terminal's width, counting colour codes as characters.
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
      // Lines that were said since it was last drawn would be lost with it.
      bars.update();
      bars.stop();
      out.setLineWriter(undefined);
    },
  };
}

function showLines(out: Output, state: State): Shown {
  let shownAt = performance.now();
  let shown = state.confirmed;
  const show = () => {
    shownAt = performance.now();
    shown = state.confirmed;
    out.note(factsLine(factsOf(state)));
  };
  // A job of a CI server that says nothing for long is taken for dead.
  const timer = setInterval(() => {
    if (!state.until && performance.now() - shownAt >= mostMs) show();
  }, mostMs / 2).unref();
  return {
    changed: () => {
      if (state.until || state.confirmed === shown) return;
      const far = state.confirmed - shown >= state.total * lineEveryShare;
      const isDone = state.confirmed >= state.total;
      if (isDone || (far && performance.now() - shownAt >= leastMs)) show();
    },
    stop: () => clearInterval(timer),
  };
}
