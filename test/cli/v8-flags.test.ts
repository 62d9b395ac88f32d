import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { npyFile } from './fixtures.ts';
import { test } from './home.ts';
import { binary, childEnv } from './run-cli.ts';

/** Of undici's parser, whose optimising takes longer than the rest of a small upload; functions of our kernel have a tenth. */
const largeBody = 20_000;

test('of all WebAssembly the printer is optimised and the parser of answers is not', async ({ home, server }) => {
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
