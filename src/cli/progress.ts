import cliProgress from 'cli-progress';
import type { Output } from './output.ts';

/** Shows how far an upload is: a bar on a terminal, a line now and then elsewhere. */
export interface Progress {
  update(confirmed: number): void;
  stop(): void;
}

const lineEveryMs = 30_000;
const lineEveryShare = 0.05;

/** Progress towards `total` rows, of which `confirmed` were on the server before. Nothing with `--quiet` or `--no-progress`. */
export function startProgress(out: Output, total: number, confirmed: number): Progress {
  if (out.quiet || !out.progress) return { update: () => undefined, stop: () => undefined };
  const clock = startClock(confirmed);
  return out.stderr.isTTY ? barProgress(out, total, confirmed, clock) : lineProgress(out, total, confirmed, clock);
}

interface Clock {
  /** Rows a second since the start of this run; 0 before anything is known. */
  rate(confirmed: number): number;
}

function startClock(atStart: number): Clock {
  const started = performance.now();
  return {
    rate: (confirmed) => {
      const seconds = (performance.now() - started) / 1000;
      return seconds > 0 ? (confirmed - atStart) / seconds : 0;
    },
  };
}

function barProgress(out: Output, total: number, confirmed: number, clock: Clock): Progress {
  const bars = new cliProgress.MultiBar({
    stream: out.stderr,
    hideCursor: true,
    forceRedraw: true,
    format: (_options, params, payload) => formatBar(out, params, payload),
    gracefulExit: false,
    emptyOnZero: true,
  });
  const bar = bars.create(total, confirmed, { rate: 0 });
  let shown = { rate: 0 };
  out.setLineWriter((line) => bars.log(`${line}\n`));
  return {
    update: (now) => {
      shown = { rate: clock.rate(now) };
      bar.update(now, shown);
    },
    stop: () => {
      bar.update({ ...shown, last: true });
      bars.stop();
      out.setLineWriter(undefined);
    },
  };
}

/** ` ████████░░░░  62 %  635/1,024 rows  2,310 rows/s  ETA 0:01`, as much of it as the terminal is wide. */
function formatBar(
  out: Output,
  params: { value: number; total: number },
  payload: { rate: number; last?: boolean },
): string {
  const { value, total } = params;
  const columns = out.stderr.columns || 80;
  const facts = `${share(value, total)}  ${count(value)}/${count(total)} rows`;
  const pace =
    payload.rate > 0 ? `  ${count(Math.round(payload.rate))} rows/s  ${eta(value, total, payload.rate)}` : '';
  const width = Math.max(10, Math.min(40, columns - facts.length - pace.length - 4));
  const done = total === 0 ? width : Math.round((value / total) * width);
  const [full, empty] = ['█'.repeat(done), '░'.repeat(width - done)];
  // The library cuts the line that it leaves behind to the terminal's width, counting colour codes as characters.
  const drawn = payload.last ? full + empty : out.paint.green(full) + out.paint.dim(empty);
  const line = `${drawn}  ${facts}`;
  return width + 2 + facts.length + pace.length < columns ? line + pace : line;
}

function lineProgress(out: Output, total: number, confirmed: number, clock: Clock): Progress {
  let shownAt = performance.now();
  let shown = confirmed;
  return {
    update: (now) => {
      const far = now - shown >= total * lineEveryShare || now === total;
      if (now === shown || (!far && performance.now() - shownAt < lineEveryMs)) return;
      shown = now;
      shownAt = performance.now();
      const rate = clock.rate(now);
      out.note(
        `${share(now, total)}  ${count(now)}/${count(total)} rows  ${count(Math.round(rate))} rows/s  ${eta(now, total, rate)}`,
      );
    },
    stop: () => undefined,
  };
}

function share(value: number, total: number): string {
  return `${total === 0 ? 100 : Math.floor((100 * value) / total)} %`.padStart(5);
}

/** `1,024` */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

function eta(value: number, total: number, rate: number): string {
  if (value >= total) return 'done';
  if (rate <= 0) return 'ETA unknown';
  const seconds = Math.ceil((total - value) / rate);
  const two = (part: number) => String(part).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `ETA ${h > 0 ? `${h}:${two(m)}` : m}:${two(s)}`;
}
