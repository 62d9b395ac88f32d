import { execFile, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect } from 'vitest';
import { fixture, tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { binary, childEnv, documentsOf, type Json, linesOf, startCli } from './run-cli.ts';
import { queryStore, storedFeatures } from './sandbox-process.ts';
import { serveThrough } from './web-server.ts';

const shortGrace = `--import=${pathToFileURL(join(import.meta.dirname, '../preload/short-grace.mjs')).href}`;

/** Starts a command against a proxy that holds back requests to one path, and waits for the first of them. */
async function startHeld(
  home: Home,
  url: string,
  path: string,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  const proxy = home.own(await serveThrough(url));
  proxy.hold((asked) => asked === path);
  const all = { ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk', NEURONPEDIA_API_URL: proxy.url, ...env };
  const { child, ran } = startCli(args, { env: all });
  await proxy.held;
  const said = on(child.stderr!, 'data');
  return {
    proxy,
    ran,
    async signal(name: NodeJS.Signals) {
      child.kill(name);
      for await (const [chunk] of said) if (String(chunk).includes('stopping')) break;
    },
    again: (name: NodeJS.Signals) => child.kill(name),
  };
}

const vector = fixture('vectors/woman-minus-man-64-f32.npy');
const vectorArgs = (name: string) => [
  'upload-vector',
  vector,
  '--model',
  'tiny-kjv-4l',
  '--layer',
  '1',
  '--name',
  name,
];
const saeArgs = (name: string) => ['upload-sae', tinySae, '--sae-id', name, '--concurrency', '1', '--batch-size', '64'];

/** What stderr has if the command began to wait ten seconds when it was stopped. */
const shortened = /^.*stopping as soon as .*\nten seconds shortened$/m;

const unanswered = 'unknown: sent, and no answer came';

/** Returns the rows of a receipt, without its head. */
const rowsIn = (receipt: string): Json[] =>
  linesOf(readFileSync(receipt, 'utf8'))
    .slice(1)
    .map((line) => JSON.parse(line));

describe('a signal', () => {
  test('lets a vector in flight finish, with exit code 143 after SIGTERM', async ({ home, server }) => {
    const run = await startHeld(home, server.url, '/api/vector/new', vectorArgs('termed'));
    await run.signal('SIGTERM');
    run.proxy.release();
    const first = await run.ran;
    expect(first.code).toBe(143);
    expect(first.stderr).not.toContain('error');
    const stored = () => queryStore(server.data, "SELECT idx FROM features WHERE label = 'termed'");
    expect(stored()).toHaveLength(1);
    const second = await home.runAt(server.url, vectorArgs('termed'));
    expect(second.code).toBe(0);
    expect(second.stdout).toMatch(/\/tiny-kjv-4l\/1-neuronpedia-resid-post\/\d+\n$/);
    expect(stored()).toHaveLength(1);
  });

  for (const [signal, code] of [
    ['SIGUSR1', 138],
    ['SIGUSR2', 140],
  ] as const) {
    test(`${signal}, as Slurm sends it before the time is up, does the same and opens no debugger`, async ({
      home,
      server,
    }) => {
      const run = await startHeld(home, server.url, '/api/vector/new', vectorArgs(signal));
      await run.signal(signal);
      run.proxy.release();
      const ran = await run.ran;
      expect(ran.code).toBe(code);
      expect(ran.stderr).not.toMatch(/error|debugger/i);
      expect(queryStore(server.data, `SELECT idx FROM features WHERE label = '${signal}'`)).toHaveLength(1);
    });
  }

  test('sent twice stops the command at once, even with a request in flight', async ({ home, server }) => {
    const args = [...saeArgs('twice'), '--json'];
    const run = await startHeld(home, server.url, '/api/feature/upload-batch', args);
    await run.signal('SIGINT');
    run.again('SIGINT');
    const first = await run.ran;
    expect(first.code).toBe(130);
    const end = { type: 'error', code: 'interrupted', exitCode: 130, message: 'stopped at once' };
    expect(documentsOf(first).at(-1)).toMatchObject(end);
    run.proxy.release();
    const second = await home.runAt(server.url, saeArgs('twice'));
    expect(second.code).toBe(0);
    expect(storedFeatures(server.data, '1-twice')).toHaveLength(512);
  });

  test('waits at most ten seconds for an answer, then leaves the outcome of the request unknown', async ({
    home,
    server,
  }) => {
    const receipt = join(home.folder, 'slow.jsonl');
    const args = [...saeArgs('slow'), '--json', '--receipt', receipt];
    const run = await startHeld(home, server.url, '/api/feature/upload-batch', args, { NODE_OPTIONS: shortGrace });
    await run.signal('SIGHUP');
    const first = await run.ran;
    expect(first.code).toBe(129);
    expect(first.stderr).toMatch(shortened);
    expect(documentsOf(first).at(-1)).toMatchObject({
      type: 'summary',
      status: 'interrupted',
      jobs: [{ confirmed: 0, unknown: 64 }],
    });
    expect(first.stderr).toContain('0 sent now, 64 without an answer');
    expect(first.stderr).toContain('go on with: neuronpedia upload-sae');
    const rows = rowsIn(receipt).map(({ status }) => status);
    expect(rows).toEqual([...Array(64).fill(unanswered), ...Array(448).fill('pending')]);
    run.proxy.release();
    expect((await home.runAt(server.url, args)).code).toBe(0);
    expect(storedFeatures(server.data, '1-slow')).toHaveLength(512);
  });

  test('waits no longer for a vector either, and its receipt says that the outcome is unknown', async ({
    home,
    server,
  }) => {
    const receipt = join(home.folder, 'vector.jsonl');
    const args = [...vectorArgs('slow vector'), '--receipt', receipt];
    const run = await startHeld(home, server.url, '/api/vector/new', args, { NODE_OPTIONS: shortGrace });
    await run.signal('SIGTERM');
    const first = await run.ran;
    expect(first).toMatchObject({ code: 143, stdout: '', stderr: expect.stringMatching(shortened) });
    expect(rowsIn(receipt)).toMatchObject([{ row: 0, status: unanswered }]);
    run.proxy.release();
    expect((await home.runAt(server.url, args)).code).toBe(0);
    expect(rowsIn(receipt)).toMatchObject([{ row: 0, status: 'stored' }]);
    expect(queryStore(server.data, "SELECT idx FROM features WHERE label = 'slow vector'")).toHaveLength(1);
  });

  test('during a lookup of rows stops the upload before anything is sent', async ({ home, server }) => {
    expect((await home.runAt(server.url, [...saeArgs('looking'), '--features', '0-9'])).code).toBe(0);
    const run = await startHeld(home, server.url, '/api/features', saeArgs('looking'));
    await run.signal('SIGINT');
    run.proxy.release();
    const first = await run.ran;
    expect(first.code).toBe(130);
    expect(first.stderr).toContain('stopped by SIGINT');
    expect(storedFeatures(server.data, '1-looking')).toHaveLength(10);
  });

  test('during a lookup of vectors is reported as a stop, not as an unknown outcome', async ({ home, server }) => {
    for (const [signal, code] of [
      ['SIGHUP', 129],
      ['SIGTERM', 143],
    ] as const) {
      const args = [...saeArgs('listed'), '--as', 'vectors', '--features', '0-1'];
      const run = await startHeld(home, server.url, '/api/vector/list-owned', args);
      await run.signal(signal);
      run.proxy.release();
      const ran = await run.ran;
      expect([ran.code, ran.stderr]).toEqual([code, expect.stringContaining(`stopped by ${signal}`)]);
    }
  });
});

test('SIGUSR1 opens no debugger while the tool starts either', async ({ home }) => {
  // Sent while the program is being loaded. The timer keeps it alive until the signal arrives.
  const early =
    "process.on('newListener', (event) => event === 'beforeExit' && process.kill(process.pid, 'SIGUSR1'));" +
    'setTimeout(() => undefined, 5_000);';
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(early)}`;
  const ran = await home.run(['--version'], { env: { NODE_OPTIONS } });
  expect(ran).toMatchObject({ code: 138, stderr: '' });
});

test('a debugger that SIGUSR1 opened before the tool could listen ends it, and one that was asked for does not', async ({
  home,
}) => {
  // As after a signal, Node's debugger is open and no option asks for it.
  const debugged = home.file('debugged.cjs', `require('node:inspector').open(0); require(${JSON.stringify(binary)});`);
  const run = (env: Record<string, string>) =>
    promisify(execFile)(process.execPath, [debugged, 'status', '--sandbox', '--json'], {
      env: childEnv({ ...home.env, ...env }),
    });
  for (const env of [{}, { NODE_OPTIONS: '--no-warnings' }])
    await expect(run(env)).rejects.toMatchObject({ code: 138, stdout: '' });
  for (const NODE_OPTIONS of ['--inspect-port=0', '-r node:os'])
    expect((await run({ NODE_OPTIONS })).stdout).toContain('"type":"status"');
});

// What GNU nohup makes of standard input if that is a terminal.
const nullDevice = '/dev/null';

test.skipIf(!existsSync(nullDevice)).for([
  ['w', {}],
  ['r', { _: '/usr/bin/nohup' }],
] as const)('under nohup SIGHUP does not stop an upload: %j', async ([mode, variables], { home, server }) => {
  const proxy = home.own(await serveThrough(server.url));
  proxy.hold((asked) => asked === '/api/vector/new');
  const env = childEnv({
    ...home.env,
    ...variables,
    NEURONPEDIA_API_KEY: 'sandbox-bulk',
    NEURONPEDIA_API_URL: proxy.url,
  });
  const input = openSync(nullDevice, mode);
  const words = [binary, ...vectorArgs(`under nohup ${mode}`)];
  const child = spawn(process.execPath, words, { env, stdio: [input, 'pipe', 'pipe'] });
  closeSync(input);
  const ended = Promise.all([once(child, 'close'), text(child.stderr!)]);
  await proxy.held;
  child.kill('SIGHUP');
  proxy.release();
  const [[code], stderr] = await ended;
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('stop')]);
});

test.runIf(process.platform === 'linux')(
  'SIGHUP does not stop what a script runs that ignores it',
  async ({ home, server }) => {
    const proxy = home.own(await serveThrough(server.url));
    proxy.hold((asked) => asked === '/api/vector/new');
    const env = childEnv({ ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk', NEURONPEDIA_API_URL: proxy.url });
    const script = 'trap "" HUP; "$@" < /dev/null; exit $?';
    const words = ['-c', script, 'sh', process.execPath, binary, ...vectorArgs('in a script')];
    const child = spawn('sh', words, { env, detached: true });
    const ended = Promise.all([once(child, 'close'), text(child.stderr)]);
    await proxy.held;
    process.kill(-(child.pid as number), 'SIGHUP');
    proxy.release();
    const [[code], stderr] = await ended;
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('stop')]);
  },
);

describe.skipIf(!existsSync(nullDevice))('a standard input that cannot be read, as under nohup, is reported by', () => {
  for (const args of [
    ['upload-vector', '-', '--model', 'tiny-kjv-4l', '--layer', '1', '--name', 'unread'],
    ['steer', 'tiny-kjv-4l/1-demo/3', '--prompt', '-'],
    ['login', '--with-token'],
  ]) {
    test(`${args[0]}`, async ({ home }) => {
      const shell = spawn('sh', ['-c', '"$@" 0> /dev/null', 'sh', process.execPath, binary, ...args], {
        env: childEnv(home.env),
      });
      const [[code], stderr] = await Promise.all([once(shell, 'close'), text(shell.stderr)]);
      expect(code).toBe(6);
      expect(stderr).toMatch(/error: standard input cannot be read \(EBADF\)\nneuronpedia: hint: .*< FILE/);
    });
  }
});

describe('a single signal stops at once', () => {
  const id = 'tiny-kjv-4l/1-demo/3';
  for (const [what, path, args] of [
    ['a request for a feature', '/api/feature/tiny-kjv-4l/1-demo/3', ['status', id]],
    ['a request for the account', '/api/user/refresh', ['status']],
    ['a request for the account before a deletion', '/api/user/refresh', ['delete', id, '--yes']],
    ['a request for the account before an upload', '/api/user/refresh', vectorArgs('unasked')],
    ['a request for a feature to steer with', '/api/feature/tiny-kjv-4l/1-demo/3', ['steer', id, '--prompt', 'I']],
  ] as const) {
    test(`${what} that the server leaves unanswered`, async ({ home, server }) => {
      const run = await startHeld(home, server.url, path, args);
      run.again('SIGINT');
      const ran = await run.ran;
      expect(ran.code).toBe(130);
      expect(ran.stdout).toBe('');
      run.proxy.release();
    });
  }

  for (const [what, args] of [
    ['a prompt', ['steer', id, '--prompt', '-']],
    ['a vector', ['upload-vector', '-', '--model', 'tiny-kjv-4l', '--layer', '1', '--name', 'typed']],
    ['a key', ['login', '--with-token']],
  ] as const) {
    test(`reading ${what} from a pipe that stays open`, async ({ home, server }) => {
      const env = { ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk', NEURONPEDIA_API_URL: server.url };
      const listening = `--import=${pathToFileURL(join(import.meta.dirname, '../preload/tell-reading.mjs')).href}`;
      const { child, ran } = startCli(args, { env: { ...env, NODE_OPTIONS: listening }, stdin: null });
      for await (const [chunk] of on(child.stderr!, 'data')) if (String(chunk).includes('reading stdin')) break;
      child.kill('SIGTERM');
      expect(await ran).toMatchObject({ code: 143, stdout: '' });
    });
  }
});

/** Shell scripts that read only the first line from a pipe; the exit code of the tool goes into a file. */
const pipes = {
  stdout: '{ "$@"; echo $? > "$CODE"; } | head -n 1',
  stderr: '{ "$@" 2>&1 > /dev/null; echo $? > "$CODE"; } | head -n 1',
};

test.skipIf(!existsSync('/dev/full'))(
  'a full disk under stdout is reported once everything else is done',
  async ({ home, server }) => {
    const args = [...saeArgs('full'), '--json', '--api-url', server.url];
    const env = childEnv({ ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk' });
    const shell = spawn('sh', ['-c', '"$@" > /dev/full', 'sh', process.execPath, binary, ...args], { env });
    const [[code], stderr] = await Promise.all([once(shell, 'close'), text(shell.stderr)]);
    expect(code).toBe(5);
    expect(linesOf(stderr).filter((line) => line.includes('error:'))).toEqual([
      'neuronpedia: error: the output could not be written (ENOSPC); everything else succeeded',
    ]);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(storedFeatures(server.data, '1-full')).toHaveLength(512);
  },
);

test.skipIf(!existsSync('/dev/full'))('a full disk also fails commands that only print', async ({ home }) => {
  for (const args of [['completion', 'bash'], ['completion', 'fish', '--json'], ['inspect', tinySae], ['--version']]) {
    const shell = spawn('sh', ['-c', '"$@" > /dev/full', 'sh', process.execPath, binary, ...args], {
      env: childEnv(home.env),
    });
    const [[code], stderr] = await Promise.all([once(shell, 'close'), text(shell.stderr)]);
    expect({ args, code, stderr }).toEqual({ args, code: 5, stderr: expect.stringContaining('ENOSPC') });
  }
});

describe('a pipe that nobody reads any longer', () => {
  for (const [closed, script] of Object.entries(pipes)) {
    test(`is neither an error nor a reason to stop: ${closed}`, async ({ home, server }) => {
      const args = [...saeArgs(`closed-${closed}`), '--json', '--verbose', '--api-url', server.url];
      const code = join(home.folder, 'code');
      const env = childEnv({ ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk', CODE: code });
      const shell = spawn('sh', ['-c', script, 'sh', process.execPath, binary, ...args], { env });
      const [, stdout, stderr] = await Promise.all([once(shell, 'close'), text(shell.stdout), text(shell.stderr)]);
      expect(linesOf(stdout)).toHaveLength(1);
      expect(stderr).not.toContain('EPIPE');
      expect(readFileSync(code, 'utf8')).toBe('0\n');
      expect(storedFeatures(server.data, `1-closed-${closed}`)).toHaveLength(512);
    });
  }
});
