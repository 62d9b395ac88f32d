import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { commandSpecs } from '../../src/cli/command-specs.ts';
import { createOutput } from '../../src/cli/output.ts';
import { AppError } from '../../src/errors.ts';
import { fixture, tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { binary, type Ran } from './run-cli.ts';
import { serve, serveThrough } from './web-server.ts';

const canary = 'np-canary+7f3a/5d1c=e9';
const env = { NEURONPEDIA_API_KEY: canary };
// Anyone who reads a log can decode these too.
const forms = [canary, encodeURIComponent(canary), Buffer.from(canary).toString('base64'), 'canary'];

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name));
}

function expectNoKey(home: Home, runs: readonly Ran[], exceptBelow = '') {
  for (const { stdout, stderr } of runs) {
    for (const form of forms) expect(stdout + stderr).not.toContain(form);
  }
  const files = filesBelow(home.folder).filter((path) => exceptBelow === '' || !path.startsWith(exceptBelow));
  for (const path of files) {
    for (const form of forms) expect(readFileSync(path).includes(form), path).toBe(false);
  }
}

const id = 'tiny-kjv-4l/1-secret/3';
const place = ['--model', 'gpt2-small', '--layer', '1', '--name', 'secret'];

/** The command lines to run for each command, in an order in which each succeeds, at various verbosity levels. */
const cases: Record<string, (home: Home) => (readonly string[])[]> = {
  login: () => [['login', '--with-token', '--verbose', '--json']],
  'upload-sae': ({ folder }) => [
    ['upload-sae', tinySae, '--sae-id', 'secret', '--features', '0-9', '--receipt', `${folder}/r.jsonl`, '--verbose'],
  ],
  'upload-vector': ({ folder }) => [
    [
      ...['upload-vector', fixture('vectors/random-768-f32.npy'), ...place],
      ...['--receipt', `${folder}/vector.jsonl`, '--verbose', '--json'],
    ],
  ],
  'upload-probe': () => [
    ['upload-probe', fixture('vectors/random-768-f16.npy'), ...place, '--concept', 'c', '--quiet'],
  ],
  steer: () => [['steer', id, '--prompt', 'And', '--verbose']],
  status: ({ state }) => [
    ['status', '--verbose'],
    ['status', id, '--text', 'the king', '--json', '--verbose'],
    ['status', jobIn(state)],
    ['status', jobIn(state), '--resolve', '3=absent', '--verbose'],
  ],
  delete: () => [['delete', id, '--yes', '--verbose', '--json']],
  inspect: () => [['inspect', tinySae, '--verbose']],
  sandbox: ({ folder }) => [['sandbox', '--port', '0', '--data', `${folder}/one`, '--verbose']],
  completion: () => [['completion', 'bash', '--verbose']],
  logout: () => [['logout', '--verbose']],
};

function jobIn(state: string): string {
  const journal = filesBelow(state).find((path) => path.endsWith('.journal')) ?? '0000000000000000.journal';
  return journal.slice(-'0000000000000000.journal'.length, -'.journal'.length);
}

/** Runs one command line; stops the sandbox once it says that it is listening. */
async function runOne(home: Home, url: string, words: readonly string[], given: Record<string, string>) {
  if (words[0] !== 'sandbox') return home.run([...words, '--api-url', url], { env: given, stdin: `${canary}\n` });
  const { child, ran } = home.start(words, given);
  child.stdout?.once('data', () => child.kill('SIGTERM'));
  return ran;
}

test('every command has a case here', () => {
  expect(Object.keys(cases).sort()).toEqual(commandSpecs.map(({ name }) => name).sort());
});

describe.concurrent('the API key', () => {
  test('is in no output and no file of any command, except keys.json', async ({ home, server }) => {
    const proxy = home.own(await serveThrough(server.url, { [canary]: 'sandbox-bulk' }));
    const runs: Ran[] = [];
    for (const [name, lines] of Object.entries(cases)) {
      for (const words of lines(home)) {
        // Login and logout get the key from the environment; the others use the one that login stored.
        const ran = await runOne(home, proxy.url, words, name === 'login' || name === 'logout' ? env : {});
        expect(ran.code, ran.stderr).toBe(words.includes('--resolve') ? 6 : 0);
        runs.push(ran);
        expectNoKey(home, [ran], join(home.config, 'keys.json'));
      }
    }
    expect(proxy.seen.length).toBeGreaterThan(15);
    expect(proxy.seen.every(({ key }) => key === canary)).toBe(true);
    expect(runs.filter(({ stderr }) => /\/api\//.test(stderr)).length).toBeGreaterThan(6);
    expect(filesBelow(home.state).length).toBeGreaterThan(1);
    expectNoKey(home, []);
  });

  test('is in no output if the server echoes it, and does not follow a redirect to another server', async ({
    home,
  }) => {
    const other = home.own(await serve((_request, response) => response.end('{}')));
    let style = 0;
    const evil = home.own(
      await serve((request, response) => {
        const key = String(request.headers['x-api-key']);
        const far = 'x'.repeat(285);
        const named = JSON.stringify({ error: `${far}${key}`, message: key, code: 'authentication_failed', path: key });
        const json = { 'content-type': 'application/json' };
        style++;
        if (style % 3 === 0)
          response.writeHead(307, { location: `${other.url}/?key=${encodeURIComponent(key)}` }).end();
        else if (style % 3 === 1) response.writeHead(401, { ...json, 'x-server-id': key }).end(named);
        else response.writeHead(403, json).end(JSON.stringify({ [key]: key, id: key, name: key, error: key }));
      }),
    );
    const lines = Object.entries(cases).flatMap(([name, words]) =>
      ['logout', 'inspect', 'sandbox', 'completion'].includes(name)
        ? []
        : words(home).slice(0, name === 'status' ? 2 : 1),
    );
    const runs = await Promise.all(lines.map((words) => runOne(home, evil.url, words, env)));
    for (const { code } of runs) expect(code).toBeGreaterThan(1);
    expect(evil.seen.length).toBeGreaterThanOrEqual(lines.length);
    expect(other.seen).toEqual([]);
    expectNoKey(home, runs);
  });

  test('is in no output if it was typed on the command line', async ({ home }) => {
    const address = `https://me:${canary.replaceAll('/', '')}@127.0.0.1`;
    const typed = [
      ['status', `--api-key=${canary}`, '--json'],
      ['status', canary.replaceAll('/', ''), '--verbose'],
      ['login', canary],
      [canary.replaceAll('/', '')],
      ['status', '--api-url', address],
    ];
    const runs = await Promise.all(typed.map((words) => home.run(words)));
    expect(runs.map(({ code }) => code)).toEqual([2, 6, 2, 2, 2]);
    // If the key is known, a command line that contains it is refused before it can be written anywhere.
    const vector = cases['upload-vector']?.(home)[0] as string[];
    const known = await home.run([...vector, '--description', canary, '--sandbox'], { env });
    const copied = [`Bearer "${canary}"`, `"Bearer ${canary}"`].map((text) =>
      home.run([...vector, '--description', canary, '--sandbox'], { env: { NEURONPEDIA_API_KEY: text } }),
    );
    const asCopied = await Promise.all(copied);
    const within = await home.run([...vector, '--description', `by ${canary}.`, '--sandbox'], { env });
    for (const ran of [known, ...asCopied, within])
      expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('the command line contains the API key') });
    expectNoKey(home, [...runs, known, ...asCopied, within]);
    // A key this short may be part of any word.
    const short = { NEURONPEDIA_API_KEY: 'demo' };
    expect(await home.run(['status', 'demo-job'], { env: short })).toMatchObject({ code: 6 });
  });

  test('and journals are readable only by their owner, whatever the umask and their earlier mode', async ({
    home,
    server,
  }) => {
    const words = cases['upload-sae']?.(home)[0]
      ?.map((word) => `'${word}'`)
      .join(' ');
    const shell = (line: string) =>
      execFileSync('sh', ['-c', `umask 000; ${line}`], { env: { ...process.env, ...home.env }, stdio: 'pipe' });
    const cli = `'${process.execPath}' '${binary}'`;
    const upload = `${cli} ${words} --api-url ${server.url}`;
    shell(`echo sandbox-bulk | ${cli} login --with-token --api-url ${server.url} && ${upload}`);
    const kept = [...filesBelow(home.config), ...filesBelow(home.state)];
    expect(kept.length).toBeGreaterThan(1);
    const modes = () => kept.map((path) => statSync(path).mode & 0o777);
    expect(modes()).toEqual(kept.map(() => 0o600));
    for (const folder of [home.config, home.state, join(home.state, 'jobs')])
      expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const path of kept) chmodSync(path, 0o666);
    shell(`${upload} && ${cli} status --sandbox`);
    expect(modes()).toEqual(kept.map(() => 0o600));
    const store = filesBelow(home.sandboxData);
    expect(store.map((path) => statSync(path).mode & 0o077)).toEqual(store.map(() => 0));
  });
});

test('a hidden key is in no bug report, neither in its cause nor in its details', () => {
  let written = '';
  const stream = { isTTY: false, write: (text: string) => (written += text) } as unknown as NodeJS.WriteStream;
  const plain = { quiet: false, color: false, progress: false, cursor: false, colorResults: false, unicode: true };
  const out = createOutput({ stdout: stream, stderr: stream }, { ...plain, json: true, verbose: true });
  const secret = 'a\\b"-canary';
  out.hide(secret);
  out.error(
    new AppError('bug', `with ${secret}`, { cause: new Error(`of ${secret}`), details: { [secret]: [secret] } }),
  );
  out.detail(JSON.stringify({ 'x-api-key': secret }));
  expect(written).toContain('[key]');
  expect(written).not.toContain('canary');
});
