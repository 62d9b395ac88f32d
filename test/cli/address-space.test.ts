import { describe, expect } from 'vitest';
import { tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { type Ran, runLimited } from './run-cli.ts';

/** As clusters limit it; Node itself takes 1.5 GB of addresses. */
const fewKb = 4_000_000;

function uploadWithin(home: Home, url: string, env: Record<string, string> = {}): Promise<Ran> {
  const words = ['upload-sae', tinySae, '--sae-id', 'cramped', '--api-url', url];
  return runLimited(`-v ${fewKb}`, words, { ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk', ...env });
}

/** Newer ones look for themselves whether there is room. */
const isOld = Number.parseInt(process.versions.node, 10) < 24;

// macOS knows no such limit, and Windows no ulimit.
describe.runIf(process.platform === 'linux')('where address space is limited', () => {
  test.runIf(isOld)('it is said what to do', async ({ home, server }) => {
    const refused = await uploadWithin(home, server.url);
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(refused.stderr).toContain('WebAssembly reserves 10 GB of address space');
    expect(refused.stderr).toContain('NODE_OPTIONS=--disable-wasm-trap-handler');
  });

  test('an upload goes on without', async ({ home, server }) => {
    const ran = await uploadWithin(home, server.url, isOld ? { NODE_OPTIONS: '--disable-wasm-trap-handler' } : {});
    expect(ran).toMatchObject({ code: 0, stdout: `${server.url}/tiny-kjv-4l/1-cramped\n` });
  });
});
