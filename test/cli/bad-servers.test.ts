import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect } from 'vitest';
import { some } from '../some.ts';
import { openCommands } from './commands-here.ts';
import { expectFailure, expectJsonFailure, hintsOf } from './failures.ts';
import { fixture, tinySae } from './fixtures.ts';
import { test } from './home.ts';
import { runHere } from './in-process.ts';
import { documentsOf, linesOf } from './run-cli.ts';
import { serve, serveAlways } from './web-server.ts';

const upload = ['upload-sae', tinySae, '--sae-id', 'x'];
const page = '<!doctype html><html><body>Welcome</body></html>';

describe.concurrent('a server that is not Neuronpedia', () => {
  const strangers = [
    ['answers everything with a web page', 200, 'text/html', page],
    ['answers everything with unrelated JSON', 200, 'application/json', '{"status":"ok"}'],
    ['answers everything with 404', 404, 'text/plain', 'not found'],
    ['answers everything with 403 and a web page', 403, 'text/html', page],
  ] as const;
  for (const [what, status, type, text] of some(strangers, 2)) {
    test(`that ${what} makes an upload exit with 10 before any data is sent`, async ({ home }) => {
      const other = home.own(await serveAlways(status, type, text));
      const ran = await home.runAt(other.url, [...upload, '--json']);
      expectJsonFailure(ran, 10);
      expect(hintsOf(ran).join()).toContain('--api-url');
      for (const { path } of other.seen) expect(path).toMatch(/^\/api\/(upload\/limits|user\/refresh)$/);
      expect(existsSync(`${home.state}/jobs`)).toBe(false);
    });
  }

  test('that redirects to another host makes an upload exit with 10 without contacting that host', async ({ home }) => {
    const target = home.own(await serveAlways(200, 'application/json', '{}'));
    const other = home.own(await serveAlways(308, 'text/plain', 'moved', { location: `${target.url}/` }));
    expectFailure(await home.runAt(other.url, upload), 10);
    expect(target.seen).toEqual([]);
  });
});

describe.concurrent('a server that refuses the key', () => {
  const commands = [['status'], upload, ['login', '--with-token']];
  for (const [i, words] of commands.entries()) {
    test(`makes ${words[0]} exit with 4`, async ({ home, server }) => {
      const options = { env: { NEURONPEDIA_API_KEY: 'no-such-key' }, stdin: 'no-such-key' };
      const ran = await home.runAt(server.url, [...words, '--verbose'], options);
      expect(ran.code).toBe(4);
      expect(ran.stderr).not.toContain('no-such-key');
      if (i > 0) expectFailure(ran, 4);
      expect(hintsOf(ran).join()).toContain('neuronpedia login');
    });
  }

  for (const path of ['/api/upload/limits', '/api/user/refresh']) {
    test(`with a 403 at ${path} makes status exit with 4`, async () => {
      const forbidden = { kind: 'answer', commit: false, status: 403, body: '{"error":"Forbidden"}' } as const;
      const { run } = await openCommands((request) => (request.path === path ? forbidden : undefined), true);
      const ran = await run(['status']);
      expect(ran).toMatchObject({ code: 4, stderr: expect.stringContaining('does not take the key') });
    });
  }

  test('for lack of upload permission makes an upload exit with 4 and stores nothing', async ({ home, server }) => {
    const env = { NEURONPEDIA_API_KEY: 'sandbox-readonly' };
    expectFailure(await home.runAt(server.url, upload, { env }), 4);
    expect(
      await server.post('/api/features', { features: [{ modelId: 'tiny-kjv-4l', layer: '1-x', index: 0 }] }),
    ).toEqual([]);
  });
});

describe.concurrent('without any key', () => {
  const place = ['--model', 'gpt2-small', '--layer', '1', '--name', 'x'];
  for (const words of [upload, ['upload-vector', fixture('vectors/random-768-f32.npy'), ...place]]) {
    test(`${words[0]} exits with 4 without contacting the server`, async ({ home }) => {
      const other = home.own(await serveAlways(200, 'text/html', page));
      const ran = await home.runAt(other.url, words, { env: { NEURONPEDIA_API_KEY: '' } });
      expectFailure(ran, 4);
      expect(hintsOf(ran).join()).toContain('neuronpedia login');
      expect(other.seen).toEqual([]);
    });
  }
});

describe.concurrent('a server that is unavailable', () => {
  test('because nothing listens there makes an upload exit with 5', async ({ home }) => {
    const gone = await serveAlways(200, 'text/html', page);
    await gone.close();
    const ran = await home.runAt(gone.url, upload);
    expectFailure(ran, 5);
    expect(ran.stderr).toContain(gone.url);
    expect(hintsOf(ran).join()).toMatch(/again/);
  });

  test('because it answers everything with 500 makes an upload exit with 5', async ({ home }) => {
    const other = home.own(await serveAlways(500, 'text/html', page));
    const ran = await home.runAt(other.url, [...upload, '--json']);
    expectJsonFailure(ran, 5);
    expect(hintsOf(ran).join()).toMatch(/again/);
    expect(other.seen.length).toBeGreaterThan(1);
  });

  test('because it never answers is said after each try, not only after eight minutes', async ({ home }) => {
    const silent = home.own(await serve(() => undefined));
    const preload = pathToFileURL(join(import.meta.dirname, '../preload/fast-ticks.mjs')).href;
    const ran = await home.runAt(silent.url, ['status', '--json'], { env: { NODE_OPTIONS: `--import=${preload}` } });
    expect([ran.code, documentsOf(ran)]).toEqual([5, [expect.objectContaining({ type: 'status' })]]);
    const said = linesOf(ran.stderr).filter((line) => line.startsWith('no answer'));
    const again = `no answer from ${silent.url} for 2 minutes; asking again`;
    expect(said).toEqual([`${again} (2 of 4)`, `${again} (3 of 4)`, `${again} (4 of 4)`]);
  });

  test('makes status exit with 5 but still list the local jobs', async ({ home }) => {
    const made = await runHere([...upload, '--features', '0-9', '--sandbox', '--json'], { env: home.env });
    const [{ job }] = documentsOf(made).at(-1).jobs;
    const other = home.own(await serveAlways(503, 'application/json', '{"error":"maintenance"}'));
    const ran = await home.runAt(other.url, ['status']);
    expect(ran.code).toBe(5);
    expect(ran.stdout).toMatch(new RegExp(`^jobs\\n {2}${job} {2}done .* tiny-kjv-4l/1-x$`, 'm'));
  });
});
