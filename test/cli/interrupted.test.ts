import { on } from 'node:events';
import { describe, expect } from 'vitest';
import { rowsOf, tinySae } from './fixtures.ts';
import { test } from './home.ts';
import { documentsOf, startCli } from './run-cli.ts';
import { storedFeatures } from './sandbox-process.ts';
import { serveThrough } from './web-server.ts';

describe('an upload that is interrupted', () => {
  test('locks out a second run, exits with 130 once its requests have ended, and can be resumed', async ({
    home,
    server,
  }) => {
    const proxy = home.own(await serveThrough(server.url));
    const command = ['upload-sae', tinySae, '--sae-id', 'stopped', '--concurrency', '1', '--json'];
    proxy.hold((path) => path === '/api/feature/upload-batch');
    const env = { ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk', NEURONPEDIA_API_URL: proxy.url };
    const { child, ran } = startCli(command, { env });
    await proxy.held;
    const second = await home.runAt(server.url, command);
    expect(second.code).toBe(11);
    expect(documentsOf(second).at(-1)).toMatchObject({ type: 'error', code: 'locked', exitCode: 11 });
    // No new batch is begun once it says that it is stopping.
    const said = on(child.stderr!, 'data');
    child.kill('SIGINT');
    for await (const [chunk] of said) if (String(chunk).includes('stopping')) break;
    proxy.release();
    const first = await ran;
    expect(first.code).toBe(130);
    expect(documentsOf(first).at(-1)).toMatchObject({
      type: 'summary',
      status: 'interrupted',
      jobs: [{ confirmed: 128 }],
    });
    expect(storedFeatures(server.data, '1-stopped')).toHaveLength(128);
    const [job] = documentsOf(await home.runAt(proxy.url, ['status', '--json']))[0].jobs;
    expect(job).toMatchObject({ state: 'interrupted', confirmed: 128 });
    expect(job).not.toHaveProperty('why');
    const third = await home.runAt(server.url, command);
    expect(documentsOf(third).at(-1)).toMatchObject({ status: 'done', jobs: [{ confirmed: 512, sent: 384 }] });
    expect(third.code).toBe(0);
    const stored = storedFeatures(server.data, '1-stopped').map(({ vector }) => vector);
    expect(stored).toEqual(await rowsOf(`${tinySae}/sae_weights.safetensors`, 'W_dec'));
  });
});
