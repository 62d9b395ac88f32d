import { execFile } from 'node:child_process';
import { describe, expect } from 'vitest';
import { tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { binary, childEnv, type Ran } from './run-cli.ts';

/** As clusters limit it; Node itself takes 1.5 GB of addresses. */
const fewKb = 4_000_000;

function uploadWithin(home: Home, url: string, env: Record<string, string> = {}): Promise<Ran> {
  const words = [process.execPath, binary, 'upload-sae', tinySae, '--sae-id', 'cramped', '--api-url', url];
  const all = childEnv({ ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk', ...env });
  return new Promise((resolve) => {
    const child = execFile('bash', ['-c', `ulimit -v ${fewKb} && exec "$@"`, 'bash', ...words], { env: all }, done);
    function done(_: unknown, stdout: string, stderr: string) {
      resolve({ code: child.exitCode, stdout, stderr });
    }
  });
}

/** Newer ones look for themselves whether there is room. */
const isOld = Number.parseInt(process.versions.node, 10) < 24;

// macOS knows no such limit, and Windows no ulimit.
describe.runIf(process.platform === 'linux')('where address space is limited', () => {
  test.runIf(isOld)('it is said what to do', async ({ home, server }) => {
    const refused = await uploadWithin(home, server.url);
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(refused.stderr).toContain('WebAssembly needs 10 GB of address space');
    expect(refused.stderr).toContain('NODE_OPTIONS=--disable-wasm-trap-handler');
  });

  test('an upload goes on without', async ({ home, server }) => {
    const ran = await uploadWithin(home, server.url, isOld ? { NODE_OPTIONS: '--disable-wasm-trap-handler' } : {});
    expect(ran).toMatchObject({ code: 0, stdout: `${server.url}/tiny-kjv-4l/1-cramped\n` });
  });
});
