import { describe, expect } from 'vitest';
import { ask, postJson } from '../../src/api/ask.ts';
import { openServer } from '../../src/api/open-server.ts';
import { userSchema } from '../../src/api/schemas.ts';
import { fixture, npyFile, tinySae } from './fixtures.ts';
import { testHere as test } from './home.ts';
import { storedFeatures } from './sandbox-process.ts';

const sae = (name: string) => ['upload-sae', tinySae, '--sae-id', name];
const vector = (file: string, ...more: string[]) => [
  ...['upload-vector', file, '--model', 'gpt2-small', '--layer', '6', '--name', 'jedi'],
  ...more,
];
const withKey = (key: string) => ({ env: { NEURONPEDIA_API_KEY: key } });

describe.concurrent('errors listed on the server’s user page', () => {
  test('"Authentication failed" names the source of the key and where to create one', async ({ home, server }) => {
    const wrong = await home.runAt(server.url, sae('wrong-key'), withKey('not-a-key-of-it'));
    expect(wrong.code).toBe(4);
    expect(wrong.stderr).toContain(`${server.url} does not take the key from NEURONPEDIA_API_KEY`);
    expect(wrong.stderr).toContain(`keys are made at ${server.url}/settings`);
    const login = ['login', '--with-token', '--api-url', server.url];
    expect((await home.run(login, { stdin: 'no-such-key' })).stderr).toContain('the key from standard input');
  });

  test('"Authentication failed" for lack of upload permission has a message of its own', async ({ home, server }) => {
    for (const command of [sae('read-only'), vector(fixture('vectors/random-768-f32.npy'))]) {
      const ran = await home.runAt(server.url, command, withKey('sandbox-readonly'));
      expect(ran.code).toBe(4);
      expect(ran.stderr).toContain('the key from NEURONPEDIA_API_KEY may not upload');
      expect(ran.stderr).toContain(`${server.url}/settings`);
    }
    expect(storedFeatures(server.data, '%-read-only')).toEqual([]);
  });

  test('"Invalid vector dimension" names the width found and the width of the model', async ({ home, server }) => {
    const short = await home.runAt(
      server.url,
      vector(
        home.file(
          'short.npy',
          npyFile([767], (i) => i),
        ),
      ),
    );
    expect(short.code).toBe(6);
    expect(short.stderr).toMatch(/invalid vector dimension: vectors have 767 values; gpt2-small is 768 wide/);
    const gemma = vector(
      home.file(
        'gemma.npy',
        npyFile([2048], (i) => i),
      ),
      '--model',
      'gemma-2-2b',
    );
    const other = await home.runAt(server.url, gemma);
    expect(other.code).toBe(6);
    expect(other.stderr).toContain('gemma-2-2b is 2304 wide; 2048 is the width of gemma-2b');
  });

  test('"Rate limit exceeded" says which limit was hit, when to send more, and whom to ask for more', async ({
    home,
    server,
  }) => {
    const features = npyFile([1000, 64], (i) => Math.sin(i));
    const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--orientation', 'rows'];
    const all = ['upload-sae', home.file('all.npy', features), ...place, '--sae-id', 'quota'];
    expect((await home.runAt(server.url, all, withKey('sandbox-free'))).code).toBe(0);
    const over = await home.runAt(
      server.url,
      vector(fixture('vectors/random-768-f32.npy'), '--json'),
      withKey('sandbox-free'),
    );
    expect(over.code).toBe(8);
    expect(over.stderr).toContain('tier free: 0 of 1,000 features left today');
    expect(over.stderr).toMatch(/paused: the quota of 1,000 features a day is spent; more may be sent from .* UTC/);
    expect(over.stderr).toContain('support@neuronpedia.org');
    expect(over.stdout).toMatch(/"resume_at":"\d{4}-\d\d-\d\dT00:00:00.000Z"/);
  });
});

test('a private upload without a paid plan is refused with a hint at what to do', async ({ server }) => {
  const http = openServer({ url: server.url, key: 'sandbox-bulk', userAgent: 'test', insecure: false });
  const place = { modelId: 'tiny-kjv-4l', layerNumber: 1, hookType: 'hook_resid_post', vectorLabel: 'private' };
  const vector = Array.from({ length: 64 }, () => 1);
  const body = { ...place, vector, visibility: 'private' };
  const refused = ask(http, postJson('/api/vector/new', body), userSchema, 'uploading');
  const hints = [expect.stringMatching(/need a paid plan; without --visibility private/)];
  await expect(refused).rejects.toMatchObject({ code: 'cannot_be_stored', exitCode: 6, hints });
  await http.close();
});
