import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A clock shared by a sandbox in the test and a binary that runs beside it. The binary's waits are over at once. */
export interface TestClock {
  /** Returns the true time, which the sandbox goes by. */
  now(): Date;
  /** Moves the true time forward. To be called while no binary runs. */
  set(at: string): void;
  /** The environment of the binary. */
  readonly env: Record<string, string>;
  close(): void;
}

/** Something that happens to the binary's machine. Durations are in milliseconds. */
export interface ClockEvent {
  /** When it happens: an instant of the true time, in ISO 8601. */
  readonly at: string;
  /** The machine sleeps for this long: its timers stop, its wall clock does not. */
  readonly asleep?: number;
  /** Its wall clock is moved forwards by this much, or backwards if negative. */
  readonly set?: number;
}

export const hourMs = 3_600_000;

/** Starts a clock at an instant in ISO 8601. `events` must be in order. */
export function startClock(at: string, events: readonly ClockEvent[] = []): TestClock {
  const folder = mkdtempSync(join(tmpdir(), 'np-clock-'));
  const file = join(folder, 'ahead');
  const asleepBy = (time: number) =>
    events.filter((event) => Date.parse(event.at) < time).map(({ asleep = 0 }) => asleep);
  const sum = (all: readonly number[]) => all.reduce((a, b) => a + b, 0);
  const set = (to: string) => {
    const time = Date.parse(to);
    writeFileSync(file, String(time - sum(asleepBy(time)) - Date.now()));
  };
  set(at);
  const timed = events.map((event) => ({ ...event, at: Date.parse(event.at) }));
  writeFileSync(join(folder, 'events'), JSON.stringify(timed));
  const preload = pathToFileURL(join(import.meta.dirname, '../preload/test-clock.mjs')).href;
  return {
    now: () => {
      const awake = Date.now() + Number(readFileSync(file, 'utf8'));
      return new Date(timed.reduce((now, event) => (now >= event.at ? now + (event.asleep ?? 0) : now), awake));
    },
    set,
    env: { TEST_CLOCK: folder, NODE_OPTIONS: `--import=${preload}` },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
