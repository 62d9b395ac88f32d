import { describe, expect } from 'vitest';
import { openCommands } from './commands-here.ts';
import { fixture, npyFile, tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { runHere } from './in-process.ts';
import { documentsOf, type Json } from './run-cli.ts';
import { serveThrough } from './web-server.ts';

const args = (name: string, ...more: string[]) => ['upload-sae', tinySae, '--sae-id', name, '--json', ...more];

async function holding(home: Home, url: string, path: string) {
  const proxy = home.own(await serveThrough(url));
  proxy.hold((asked) => asked.startsWith(path));
  const env = { ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk', NEURONPEDIA_API_URL: proxy.url };
  return { proxy, env };
}

describe('a server that does not answer', () => {
  test('is given up on once --max-duration is over, with a summary', async ({ home, server }) => {
    const { proxy, env } = await holding(home, server.url, '/');
    const ran = await runHere(args('hung', '--max-duration', '1ms'), { env });
    proxy.release();
    expect(ran.code).toBe(8);
    expect(documentsOf(ran).at(-1)).toMatchObject({ type: 'summary', status: 'paused', jobs: [] });
    expect(ran.stderr).toContain('the time allowed by --max-duration is up; go on with: neuronpedia upload-sae');
  });

  test('does not keep a stopped dry run from ending with the reason for the stop, and no more rows are looked up', async ({
    home,
    server,
  }) => {
    const file = home.file('many.npy', npyFile([4200, 64], Math.sin));
    const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--orientation', 'rows', '--sae-id', 'half'];
    const upload = ['upload-sae', file, ...place];
    expect((await home.runAt(server.url, [...upload, '--features', '0-9'])).code).toBe(0);
    const { proxy, env } = await holding(home, server.url, '/api/features');
    const stop = new AbortController();
    const running = runHere([...upload, '--dry-run'], { env, stop: stop.signal });
    await proxy.held;
    stop.abort(new Error('enough'));
    // It does not wait for the answer, which comes only now.
    expect(await running).toMatchObject({ code: 1, error: { cause: { message: 'enough' } } });
    proxy.release();
    const lookups = proxy.seen.filter(({ path }) => path === '/api/features');
    const asked = lookups.flatMap(({ body }) => JSON.parse(body).features.map((row: Json) => row.index as number));
    // 4,096 rows at a time are looked up, after the ten that the journal has.
    expect(Math.max(...asked)).toBeLessThan(10 + 4096);
  });
});

test('rows whose answer was lost do not count as having been there before', async () => {
  const { run } = await openCommands(
    ({ path }, nth) => (path === '/api/feature/upload-batch' && nth === 0 ? { kind: 'reset-after' } : undefined),
    true,
  );
  const examples = ['--activations', fixture('sae-tiny/activations.jsonl'), '--features', '0-40'];
  for (const sent of [41, 0, 0]) {
    const ran = await run(['upload-sae', tinySae, '--sae-id', 'lost', ...examples, '--settle-timeout', '0']);
    expect(ran.code, ran.stderr).toBe(0);
    expect(documentsOf(ran).at(-1).jobs).toMatchObject([{ confirmed: 41, found: 0, sent }]);
  }
});
