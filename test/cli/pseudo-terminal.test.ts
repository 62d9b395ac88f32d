import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { fixture } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { binary, childEnv } from './run-cli.ts';
import { renderTerminal } from './terminal.ts';

// The one of util-linux is on every Linux; others call their options otherwise.
const script = spawnSync('script', ['--version'], { encoding: 'utf8' });
const hasScript = script.status === 0 && script.stdout.includes('util-linux');

const words = ['upload-sae', fixture('sae-tiny'), '--sae-id', 'res', '--batch-size', '16', '--sandbox'];

/** What the real tool writes to a terminal of the system, of so many columns; 0: one that tells none. */
async function onTerminal(home: Home, columns: number, env: Record<string, string> = {}): Promise<string> {
  const quoted = [process.execPath, binary, ...words].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', `stty cols ${columns} rows 24 && ${quoted}`, '/dev/null'], {
    env: childEnv({ ...home.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env }),
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 100_000,
  });
  const [code, written] = await Promise.all([
    new Promise((resolve) => child.on('close', resolve)),
    text(child.stdout as NonNullable<typeof child.stdout>),
  ]);
  expect(code, written).toBe(0);
  return written;
}

describe.skipIf(!hasScript)('on a terminal of the system', () => {
  test('that tells no width, as CI jobs make, lines are written and nothing is drawn', async ({ home }) => {
    const written = await onTerminal(home, 0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours, which such a job may show
    const plain = written.replaceAll(/\x1b\[\d+m/g, '').replaceAll('\r\n', '\n');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(plain).not.toMatch(/[\r\x1b]/);
    expect(plain).toMatch(/^100 % {2}512\/512 rows .*\n512 of 512 features on the server, 512 sent now\n/m);
  });

  test('of 80 columns a bar is drawn and wiped into one line, the cursor given back', async ({ home }) => {
    const written = await onTerminal(home, 80);
    expect(written).toContain('\x1b[36m');
    expect(written.lastIndexOf('\x1b[?25h')).toBeGreaterThan(written.lastIndexOf('\x1b[?25l'));
    const lines = renderTerminal(written, 24);
    expect(lines.filter((line) => line.includes('checking'))).toEqual([]);
    expect(lines.filter((line) => line.includes('100 %'))).toHaveLength(1);
    expect(lines).toContain('512 of 512 features on the server, 512 sent now');
  });

  test('of a CI job lines are written, for its log keeps all that is drawn', async ({ home }) => {
    const written = await onTerminal(home, 80, { CI: 'true', FORCE_COLOR: 'false' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(written.replaceAll('\r\n', '\n')).not.toMatch(/[\r\x1b]/);
    expect(written).toContain('512 of 512 features on the server, 512 sent now');
  });

  test('there is no colour where NO_COLOR says so', async ({ home }) => {
    const written = await onTerminal(home, 80, { NO_COLOR: '1' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(written).not.toMatch(/\x1b\[[\d;]*m/);
  });
});

/** The state of a process: T is stopped. */
function stateOf(pid: number): string | undefined {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    // It has ended.
    return undefined;
  }
}

test.skipIf(!hasScript)('a hidden prompt is there again after Ctrl-Z, and takes the key', async ({ home, server }) => {
  const args = [binary, 'login', '--api-url', server.url];
  const quoted = [process.execPath, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', `echo "pid $$."; exec ${quoted}`, '/dev/null'], {
    env: childEnv({ ...home.env, TERM: 'xterm-256color' }),
    timeout: 100_000,
    // A group of its own: what stops for the terminal is not to stop who runs the tests.
    detached: true,
  });
  let written = '';
  const until = async (isSo: () => boolean) => {
    while (!isSo()) await setImmediate();
  };
  child.stdout.on('data', (chunk) => {
    written += chunk;
  });
  const prompts = () => written.split('API key (hidden): ').length - 1;
  const ended = once(child, 'close');
  await until(() => prompts() === 1);
  const pid = Number(/pid (\d+)\./.exec(written)?.[1]);
  child.stdin.write('\x1a');
  await until(() => stateOf(pid) === 'T');
  // The one that shows the terminal stops with it, some time later: perhaps when the prompt is there again.
  const wake = () => {
    for (const one of [pid, child.pid as number]) if (stateOf(one) === 'T') process.kill(one, 'SIGCONT');
  };
  await until(() => {
    wake();
    return prompts() === 2;
  });
  child.stdin.write('sandbox-free\r');
  await until(() => {
    wake();
    return child.exitCode !== null;
  });
  expect((await ended)[0], written).toBe(0);
  expect(written).toContain('as free; the key is stored in');
  expect(written).not.toContain('sandbox-free');
});
