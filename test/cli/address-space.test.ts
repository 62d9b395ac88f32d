import { describe, expect } from 'vitest';
import { safetensorsImage } from '../fixtures.ts';
import { tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { type Ran, runLimited } from './run-cli.ts';

/** A limit such as clusters set; Node alone takes 1.5 GB of address space. */
const fewKb = 4_000_000;

function uploadWithin(home: Home, url: string, env: Record<string, string> = {}): Promise<Ran> {
  const words = ['upload-sae', tinySae, '--sae-id', 'cramped', '--api-url', url];
  return runLimited(`-v ${fewKb}`, words, { ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk', ...env });
}

/** Whether this Node is too old to check by itself whether there is room. */
const isOld = Number.parseInt(process.versions.node, 10) < 24;

// macOS has no such limit, and Windows has no ulimit.
describe.runIf(process.platform === 'linux')('with limited address space', () => {
  test.runIf(isOld)('an upload on an old Node fails and says what to do', async ({ home, server }) => {
    const refused = await uploadWithin(home, server.url);
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(refused.stderr).toContain('WebAssembly reserves 10 GB of address space');
    expect(refused.stderr).toContain('NODE_OPTIONS=--disable-wasm-trap-handler');
  });

  test('a vector of half-precision values leaves what there is for the answers', async ({ home, server }) => {
    const [header, values] = [
      '{"v":{"dtype":"BF16","shape":[64],"data_offsets":[0,128]}}',
      new Uint8Array(128).fill(0x3e),
    ];
    const file = home.file('vector.safetensors', safetensorsImage(header, values));
    const words = ['upload-vector', file, '--model', 'tiny', '--layer', '1', '--name', 'half', '--api-url', server.url];
    const env = { ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk' };
    const ran = await runLimited('-v 14000000', [...words, '--create-model', '4'], env);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining(server.url) });
  });

  test('an upload succeeds if WebAssembly reserves no address space', async ({ home, server }) => {
    const ran = await uploadWithin(home, server.url, isOld ? { NODE_OPTIONS: '--disable-wasm-trap-handler' } : {});
    expect(ran).toMatchObject({ code: 0, stdout: `${server.url}/tiny-kjv-4l/1-cramped\n` });
  });
});
