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

// `script` from util-linux is on every Linux; other implementations take different options.
const script = spawnSync('script', ['--version'], { encoding: 'utf8' });
const hasScript = script.status === 0 && script.stdout.includes('util-linux');

const words = ['upload-sae', fixture('sae-tiny'), '--sae-id', 'res', '--batch-size', '16', '--sandbox'];

/** Returns what the real tool writes to a pseudo-terminal of `columns` columns; with 0, that reports no width. */
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

describe.skipIf(!hasScript)('on a pseudo-terminal', () => {
  test('without a width, as in CI jobs, progress is written in lines and nothing is drawn', async ({ home }) => {
    const written = await onTerminal(home, 0);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours, which such a job may show
    const plain = written.replaceAll(/\x1b\[\d+m/g, '').replaceAll('\r\n', '\n');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not occur
    expect(plain).not.toMatch(/[\r\x1b]/);
    expect(plain).toMatch(/^100 % {2}512\/512 rows .*\n512 of 512 features on the server, 512 sent now\n/m);
  });

  test('of 80 columns, the bar is drawn, ends as one line, and the cursor is restored', async ({ home }) => {
    const written = await onTerminal(home, 80);
    expect(written).toContain('\x1b[36m');
    expect(written.lastIndexOf('\x1b[?25h')).toBeGreaterThan(written.lastIndexOf('\x1b[?25l'));
    const lines = renderTerminal(written, 24);
    expect(lines.filter((line) => line.includes('checking'))).toEqual([]);
    expect(lines.filter((line) => line.includes('100 %'))).toHaveLength(1);
    expect(lines).toContain('512 of 512 features on the server, 512 sent now');
  });

  test('with CI set, progress is written in lines, as a log keeps everything that is drawn', async ({ home }) => {
    const written = await onTerminal(home, 80, { CI: 'true', FORCE_COLOR: 'false' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not occur
    expect(written.replaceAll('\r\n', '\n')).not.toMatch(/[\r\x1b]/);
    expect(written).toContain('512 of 512 features on the server, 512 sent now');
  });

  test('with NO_COLOR set, there are no colours', async ({ home }) => {
    const written = await onTerminal(home, 80, { NO_COLOR: '1' });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not occur
    expect(written).not.toMatch(/\x1b\[[\d;]*m/);
  });
});

/** Returns the state of a process; T means stopped. */
function stateOf(pid: number): string | undefined {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    // The process has ended.
    return undefined;
  }
}

test.skipIf(!hasScript)('a hidden prompt is shown again after Ctrl-Z, and reads the key', async ({ home, server }) => {
  const args = [binary, 'login', '--api-url', server.url];
  const quoted = [process.execPath, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', `echo "pid $$."; exec ${quoted}`, '/dev/null'], {
    env: childEnv({ ...home.env, TERM: 'xterm-256color' }),
    timeout: 100_000,
    // In a process group of its own, so that Ctrl-Z does not stop the test runner as well.
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
  // `script` stops as well, but some time later: perhaps only once the prompt is shown again.
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
