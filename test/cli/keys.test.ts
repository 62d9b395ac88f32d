import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { documentsOf } from './run-cli.ts';
import { serve } from './web-server.ts';

const free = { NEURONPEDIA_API_KEY: 'sandbox-free' };

const login = (home: Home, url: string) =>
  home.run(['login', '--with-token', '--api-url', url], { stdin: 'sandbox-research' });

/** Returns the name of the account that `status` reports, and its stderr. */
async function whoAmI(home: Home, args: string[], env: Record<string, string>) {
  const ran = await home.run(['status', '--json', ...args], { env });
  return { name: documentsOf(ran)[0].account?.name, stderr: ran.stderr };
}

describe.concurrent('the key in NEURONPEDIA_API_KEY', () => {
  test('takes precedence over a stored key for the host in NEURONPEDIA_API_URL', async ({ home, server }) => {
    await login(home, server.url);
    const env = { ...free, NEURONPEDIA_API_URL: server.url };
    expect((await whoAmI(home, [], env)).name).toBe('free');
    expect((await whoAmI(home, ['--api-url', server.url], env)).name).toBe('free');
  });

  test('yields to a stored key for any other host', async ({ home, server }) => {
    await login(home, server.url);
    const env = { ...free, NEURONPEDIA_API_URL: 'https://neuronpedia.example.org' };
    expect((await whoAmI(home, ['--api-url', server.url], env)).name).toBe('research');
  });

  test('is announced when it is used for a host without a stored key', async ({ home, server }) => {
    const { name, stderr } = await whoAmI(home, ['--api-url', server.url], free);
    expect(name).toBe('free');
    expect(stderr).toContain('NEURONPEDIA_API_KEY');
    expect(stderr).toContain(server.url);
  });

  test('is not used with --sandbox, and neither is NEURONPEDIA_API_URL', async ({ home, server }) => {
    const { name } = await whoAmI(home, ['--sandbox'], { ...free, NEURONPEDIA_API_URL: server.url });
    expect(name).toBe('bulk');
  });

  test('is ignored when it is empty', async ({ home, server }) => {
    await login(home, server.url);
    const env = { NEURONPEDIA_API_KEY: '', NEURONPEDIA_API_URL: server.url };
    expect((await whoAmI(home, [], env)).name).toBe('research');
  });

  test('is mentioned by logout, which cannot forget it', async ({ home, server }) => {
    const ran = await home.run(['logout', '--api-url', server.url], { env: free });
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    expect(ran.stderr).toContain('NEURONPEDIA_API_KEY');
    expect(ran.stderr).not.toContain('sandbox-free');
  });
});

describe.concurrent('plain http to another host', () => {
  // 0.0.0.0 is not a loopback address, yet leads to this machine: the test sees what is sent there.
  const commands = [
    ['login', ['login', '--with-token'], 'sandbox-free\n'],
    ['status', ['status'], undefined],
    ['upload-sae', ['upload-sae', tinySae, '--sae-id', 'open'], undefined],
  ] as const;
  for (const [name, words, stdin] of commands) {
    test(`is refused by ${name} before anything is sent`, async ({ home }) => {
      const open = home.own(await serve((_request, response) => response.writeHead(401).end('{}'), '0.0.0.0'));
      const ran = await home.runAt(open.url, words, stdin === undefined ? {} : { stdin });
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toMatch(/neuronpedia: hint: .*--insecure/);
      expect(open.seen).toEqual([]);
    });
  }

  test('is allowed by --insecure', async ({ home }) => {
    const open = home.own(await serve((_request, response) => response.writeHead(401).end('{}'), '0.0.0.0'));
    const ran = await home.runAt(open.url, ['status', '--insecure']);
    expect(ran.code).toBe(4);
    expect(open.seen).toMatchObject([{ path: '/api/upload/limits', key: 'sandbox-bulk' }]);
  });
});

describe.concurrent('the file of stored keys', () => {
  const keys = (home: Home) => join(home.config, 'keys.json');

  test('holds no keys if it is empty, as a full disk leaves it, and is repaired by login', async ({ home, server }) => {
    mkdirSync(home.config, { recursive: true });
    writeFileSync(keys(home), '');
    expect(await whoAmI(home, ['--api-url', server.url], free)).toMatchObject({ name: 'free' });
    expect(await login(home, server.url)).toMatchObject({ code: 0 });
    expect(await whoAmI(home, ['--api-url', server.url], {})).toMatchObject({ name: 'research' });
  });

  test('may hold an invalid entry for another server', async ({ home, server }) => {
    await login(home, server.url);
    const stored = JSON.parse(readFileSync(keys(home), 'utf8'));
    writeFileSync(keys(home), JSON.stringify({ ...stored, 'https://other.example.org': 5 }));
    expect(await whoAmI(home, ['--api-url', server.url], {})).toMatchObject({ name: 'research' });
    const other = await home.run(['status', '--api-url', 'https://other.example.org']);
    expect(other).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('"https://other.example.org" is not a key'),
    });
  });

  test('without a key for a server makes status suggest a login there or another key', async ({ home, server }) => {
    const none = await home.run(['status', '--api-url', server.url]);
    expect(none).toMatchObject({
      code: 4,
      stderr: expect.stringContaining(`neuronpedia login --api-url ${server.url}`),
    });
    const unknown = { NEURONPEDIA_API_KEY: 'no-such-key' };
    const refused = await home.run(['status', '--api-url', server.url], { env: unknown });
    expect(refused).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('set NEURONPEDIA_API_KEY to another, or'),
    });
  });
});
