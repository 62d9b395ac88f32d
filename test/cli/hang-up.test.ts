import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { fixture } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { binary, childEnv } from './run-cli.ts';
import { serveThrough } from './web-server.ts';

// `script` from util-linux is on every Linux; other implementations take different options.
const script = spawnSync('script', ['--version'], { encoding: 'utf8' });
const hasScript = script.status === 0 && script.stdout.includes('util-linux');

/** The shell outlives its terminal, and leaves the exit code of the tool in a file. */
const outliving = 'trap "" HUP; "$@"; echo "exit $?" > "$CODE"';

/** Starts a command line on a pseudo-terminal; `shell` runs it as `"$@"`. */
function onTerminal(home: Home, shell: string, args: readonly string[], env: Record<string, string> = {}) {
  const file = join(home.folder, 'code');
  const words = ['sh', '-c', shell, 'sh', process.execPath, binary, ...args].map((word) => `'${word}'`).join(' ');
  const terminal = spawn('script', ['-qec', words, '/dev/null'], {
    env: childEnv({ ...home.env, CODE: file, ...env }),
    detached: true,
  });
  const read = () => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };
  const exit = async () => {
    while (!read().endsWith('\n')) await setImmediate();
    return read();
  };
  return { terminal, exit };
}

/** Closes a terminal as a lost connection does. */
async function hangUp(terminal: ChildProcess): Promise<void> {
  const closed = once(terminal, 'close');
  terminal.kill('SIGKILL');
  await closed;
}

describe.skipIf(!hasScript)('a terminal that is closed', () => {
  test('during the prompt for a key ends it with exit code 129', async ({ home }) => {
    const { terminal, exit } = onTerminal(home, outliving, ['login']);
    let written = '';
    for await (const chunk of terminal.stdout!) {
      written += chunk;
      if (written.includes('API key (hidden): ')) break;
    }
    await hangUp(terminal);
    expect(await exit(), written).toBe('exit 129\n');
  });

  test('under standard input does not make a run fail that writes elsewhere', async ({ home, server }) => {
    const proxy = home.own(await serveThrough(server.url));
    proxy.hold((path) => path === '/api/user/refresh');
    const file = fixture('vectors/woman-minus-man-64-f32.npy');
    const args = ['upload-vector', file, '--model', 'tiny-kjv-4l', '--layer', '1', '--name', 'left alone', '--quiet'];
    // In a session of its own the shell and the tool get no signal from the terminal.
    const shell = `exec setsid sh -c "${outliving.replaceAll(/[$"]/g, '\\$&')}" sh "$@" > "$CODE.out" 2>&1`;
    const env = { NEURONPEDIA_API_KEY: 'sandbox-bulk', NEURONPEDIA_API_URL: proxy.url };
    const { terminal, exit } = onTerminal(home, shell, args, env);
    await proxy.held;
    await hangUp(terminal);
    proxy.release();
    const code = await exit();
    const written = readFileSync(join(home.folder, 'code.out'), 'utf8');
    expect([code, written]).toEqual([
      'exit 0\n',
      expect.stringMatching(/^http:\/\/.*\/1-neuronpedia-resid-post\/\d+\n$/),
    ]);
  });
});
