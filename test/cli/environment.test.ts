import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { test } from './home.ts';

describe.concurrent('what the environment does not allow is said with what to do about it', () => {
  test('a libsql that is installed and may not be loaded', async ({ home }) => {
    const ran = await home.run(['status', '--sandbox'], { env: { NODE_OPTIONS: '--no-addons' } });
    expect(ran.code).toBe(6);
    expect(ran.stderr).toMatch(/which is installed but cannot be loaded: .*addons is disabled/);
    expect(ran.stderr).toMatch(/hint: .*--no-addons in NODE_OPTIONS/);
    expect(ran.stderr).not.toContain('npm install');
  });

  test('WebAssembly that is turned off', async ({ home, server }) => {
    const ran = await home.runAt(server.url, ['status'], { env: { NODE_OPTIONS: '--jitless' } });
    expect(ran).toMatchObject({ code: 5, stderr: expect.stringContaining('hint: take --jitless out of NODE_OPTIONS') });
  });

  test('a folder for keys below a file', async ({ home }) => {
    const env = { NEURONPEDIA_CONFIG_DIR: join(home.file('file', ''), 'config') };
    const ran = await home.run(['logout'], { env });
    expect(ran.code).toBe(6);
    expect(ran.stderr).toMatch(
      /\(ENOTDIR.*\nneuronpedia: hint: remove the file .* another folder with NEURONPEDIA_CONFIG_DIR/,
    );
  });

  test('a folder for keys that may not be read, unless the variable has a key', async ({ home, server }) => {
    // A link in a circle is what even root cannot read.
    const loop = join(home.folder, 'loop');
    symlinkSync(loop, loop);
    const env = { NEURONPEDIA_CONFIG_DIR: loop, NEURONPEDIA_API_KEY: '' };
    const without = await home.runAt(server.url, ['status'], { env });
    expect(without).toMatchObject({ code: 6, stderr: expect.stringMatching(/loop: the stored keys .*ELOOP/) });
    expect(without.stderr).not.toContain('make one');
    expect(await home.runAt(server.url, ['status'], { env: { NEURONPEDIA_CONFIG_DIR: loop } })).toMatchObject({
      code: 0,
    });
  });

  test('a folder for the sandbox below a file; only its own command has --data', async ({ home }) => {
    const env = { NEURONPEDIA_CONFIG_DIR: join(home.file('file', ''), 'config') };
    const hint = async (...args: string[]) => (await home.run(args, { env })).stderr.split('another folder with ')[1];
    expect(await hint('status', '--sandbox')).toBe('NEURONPEDIA_CONFIG_DIR\n');
    expect(await hint('sandbox')).toBe('--data or NEURONPEDIA_CONFIG_DIR\n');
  });
});
