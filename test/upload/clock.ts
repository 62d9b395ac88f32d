import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A clock that a sandbox in the test and a binary beside it share: what the binary waits for is over at once. */
export interface TestClock {
  now(): Date;
  /** Puts the clock to another time. */
  set(at: string): void;
  /** For the binary. */
  readonly env: Record<string, string>;
  close(): void;
}

/** Starts a clock at an instant in ISO 8601. */
export function startClock(at: string): TestClock {
  const folder = mkdtempSync(join(tmpdir(), 'np-clock-'));
  const file = join(folder, 'ahead');
  const set = (to: string) => writeFileSync(file, String(Date.parse(to) - Date.now()));
  set(at);
  const preload = pathToFileURL(join(import.meta.dirname, 'clock.mjs')).href;
  return {
    now: () => new Date(Date.now() + Number(readFileSync(file, 'utf8'))),
    set,
    env: { TEST_CLOCK: file, NODE_OPTIONS: `--import=${preload}` },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
