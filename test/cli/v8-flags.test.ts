import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { npyFile } from './fixtures.ts';
import { test } from './home.ts';
import { binary, childEnv } from './run-cli.ts';

/**
 * Bytes that one function of undici's parser exceeds. Optimising it takes longer than the rest of a small upload;
 * functions of our kernel have a tenth.
 */
const largeBody = 20_000;

test('V8 optimises the number printer in WebAssembly, but not the HTTP parser', async ({ home, server }) => {
  const file = home.file(
    'decoder.npy',
    npyFile([4096, 256], (at) => Math.sin(at)),
  );
  const place = [
    '--model',
    'tiny',
    '--layer',
    '1',
    '--sae-id',
    'flags',
    '--create-model',
    '4',
    '--orientation',
    'rows',
  ];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--trace-wasm-compilation-times', binary, 'upload-sae', file, ...place, '--api-url', server.url],
    { env: childEnv({ ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk' }), maxBuffer: 1 << 26 },
  );
  const compiled = (by: string) =>
    [...stdout.matchAll(new RegExp(`using ${by}, .*bodysize (\\d+)`, 'g'))].map(([, size]) => Number(size));
  expect(Math.max(...compiled('Liftoff'))).toBeGreaterThan(largeBody);
  const optimised = compiled('TurboFan');
  expect(optimised.length).toBeGreaterThan(0);
  expect(Math.max(...optimised)).toBeLessThan(largeBody);
});
