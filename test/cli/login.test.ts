import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { some } from '../some.ts';
import { type Home, test } from './home.ts';
import { runHere } from './in-process.ts';
import { documentsOf } from './run-cli.ts';

/** Returns the text of all files in the configuration folder. */
function stored(home: Home): string {
  const files = existsSync(home.config) ? readdirSync(home.config, { recursive: true, withFileTypes: true }) : [];
  const texts = files.filter((file) => file.isFile()).map((file) => readFileSync(join(file.parentPath, file.name)));
  return texts.join('\n');
}

const login = (home: Home, url: string, stdin: string, ...more: string[]) =>
  home.run(['login', '--with-token', '--api-url', url, ...more], { stdin });

const status = async (home: Home, url: string) =>
  documentsOf(await home.run(['status', '--json', '--api-url', url]))[0];

describe.concurrent('login', () => {
  test('stores a key that only its owner can read, and uses it until logout', async ({ home, server }) => {
    const ran = await login(home, server.url, 'sandbox-research\n');
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('research');
    const [file] = readdirSync(home.config, { withFileTypes: true }).filter((entry) => entry.isFile());
    expect(statSync(join(home.config, file?.name ?? '')).mode & 0o777).toBe(0o600);
    expect(statSync(home.config).mode & 0o777).toBe(0o700);
    expect(JSON.parse(stored(home))).toEqual({ [server.url]: 'sandbox-research' });
    expect(await status(home, server.url)).toMatchObject({ account: { name: 'research' } });
    const out = await home.run(['logout', '--api-url', server.url, '--json']);
    expect(out.code).toBe(0);
    expect(documentsOf(out)).toMatchObject([{ v: 1, type: 'logout', forgotten: true }]);
    expect(stored(home)).not.toContain('sandbox-research');
    expect(await status(home, server.url)).toMatchObject({ account: null, error: { code: 'no_key' } });
    expect(await home.run(['logout', '--api-url', server.url])).toMatchObject({ code: 0 });
  });

  const pasted = [
    ['a CR and an LF', 'sandbox-free\r\n'],
    ['a BOM', '\uFEFFsandbox-free\n'],
    ['spaces and empty lines', '  sandbox-free \n\n'],
    ['quotes', '"sandbox-free"\n'],
    ['the word Bearer before it, as in a header', 'Bearer sandbox-free\n'],
  ] as const;
  for (const [what, stdin] of some(pasted, 2)) {
    test(`accepts a key pasted with ${what}`, async ({ home, server }) => {
      const ran = await login(home, server.url, stdin, '--json');
      expect(ran.code).toBe(0);
      expect(documentsOf(ran)).toMatchObject([{ v: 1, type: 'login', account: { name: 'free' } }]);
      expect(Object.values(JSON.parse(stored(home)))).toEqual(['sandbox-free']);
    });
  }

  test('prompts a person for a key without showing it', async ({ home, server }) => {
    const around = { env: home.env, stdin: 'sandbox-free\n', interactive: true };
    const ran = await runHere(['login', '--api-url', server.url], around);
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    expect(ran.stderr).toContain('API key (hidden)');
    expect(ran.stderr).not.toContain('sandbox-free');
    expect(Object.values(JSON.parse(stored(home)))).toEqual(['sandbox-free']);
  });

  for (const [what, keys] of [
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ] as const) {
    test(`exits with 130 when a person answers the prompt with ${what}`, async ({ home, server }) => {
      const ran = await runHere(['login', '--api-url', server.url], { env: home.env, stdin: keys, interactive: true });
      expect(ran).toMatchObject({ code: 130, stdout: '', error: { code: 'interrupted' } });
      expect(stored(home)).toBe('');
    });
  }

  const refused = [
    ['that the server does not know', 'no-such-key\n'],
    ['that is empty', '\n'],
    ['with a quote in it', 'sandbox"-free\n'],
  ] as const;
  for (const [what, stdin] of some(refused, 2)) {
    test(`exits with 4 for a key ${what} and does not store it`, async ({ home, server }) => {
      const ran = await login(home, server.url, stdin);
      expect(ran).toMatchObject({ code: 4, stdout: '' });
      expect(ran.stderr).toMatch(/^neuronpedia: error: /m);
      expect(stored(home)).not.toMatch(/sandbox-|no-such/);
    });
  }

  test('keeps the stored key when another one is refused', async ({ home, server }) => {
    await login(home, server.url, 'sandbox-free\n');
    expect(await login(home, server.url, 'no-such-key\n')).toMatchObject({ code: 4 });
    expect(await status(home, server.url)).toMatchObject({ account: { name: 'free' } });
  });

  const silent = [
    ['an open pipe as stdin', null],
    ['a key on stdin but no --with-token', 'sandbox-free\n'],
  ] as const;
  for (const [what, stdin] of silent) {
    test(`exits with 2 at once without a terminal and with ${what}`, async ({ home, server }) => {
      const ran = await home.run(['login', '--api-url', server.url], { stdin });
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toMatch(/neuronpedia: hint: .*--with-token/);
      expect(stored(home)).not.toContain('sandbox-');
    });
  }

  test('does not accept --sandbox, and neither does logout', async ({ home, server }) => {
    await login(home, server.url, 'sandbox-free\n');
    const env = { NEURONPEDIA_API_URL: server.url };
    expect(await home.run(['logout', '--sandbox'], { env })).toMatchObject({ code: 2, stdout: '' });
    expect(await home.run(['login', '--sandbox'], { env })).toMatchObject({ code: 2, stdout: '' });
    expect(stored(home)).toContain('sandbox-free');
  });
});
