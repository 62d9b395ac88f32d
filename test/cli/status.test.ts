import { describe, expect } from 'vitest';
import { fixture } from './fixtures.ts';
import { testHere as test } from './home.ts';
import { documentsOf } from './run-cli.ts';
import { storedFeatures } from './sandbox-process.ts';

const command = ['upload-sae', fixture('sae-tiny'), '--sae-id', 'shown', '--features', '0-9'];

describe.concurrent('status', () => {
  test('shows the server, account, quota and local jobs, and one of these jobs by its id', async ({ home, server }) => {
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 0 });
    const [plain, json] = await Promise.all([
      home.runAt(server.url, ['status']),
      home.runAt(server.url, ['status', '--json']),
    ]);
    for (const shown of [
      server.url,
      'upload-protocol',
      'bulk',
      'NEURONPEDIA_API_KEY',
      'tiny-kjv-4l/1-shown',
      '10/10',
    ]) {
      expect(plain.stdout).toContain(shown);
    }
    const documents = documentsOf(json);
    expect(documents).toHaveLength(1);
    const job = { source: '1-shown', model: 'tiny-kjv-4l', planned: 10, confirmed: 10, unknown: 0, state: 'done' };
    const account = { name: 'bulk', keyFrom: 'NEURONPEDIA_API_KEY' };
    const expected = { v: 1, type: 'status', account, quota: { tier: 'bulk', limit: null }, jobs: [job] };
    expect(documents[0]).toMatchObject({ ...expected, server: { url: server.url, kind: 'upload-protocol' } });
    expect([plain.code, json.code]).toEqual([0, 0]);
    const { id } = documents[0].jobs[0];
    expect(plain.stdout).toContain(id);
    const one = await home.runAt(server.url, ['status', id, '--json']);
    expect(documentsOf(one)).toMatchObject([{ v: 1, type: 'job', id, ...job }]);
  });

  test('shows how much of a quota is left', async ({ home, server }) => {
    const env = { NEURONPEDIA_API_KEY: 'sandbox-free' };
    const ran = await home.runAt(server.url, ['status'], { env });
    expect(ran.stdout).toMatch(/1,000 of 1,000/);
  });

  test('shows a feature by its id and by its URL on any host, without a key', async ({ home, server }) => {
    const { stdout: url } = await home.runAt(server.url, [...command, '--sae-id', 'feature', '--quiet']);
    const id = 'tiny-kjv-4l/1-feature/7';
    const none = { env: { NEURONPEDIA_API_KEY: '' } };
    const [plain, json, elsewhere] = await Promise.all([
      home.runAt(server.url, ['status', id], none),
      home.runAt(server.url, ['status', `${url.trim()}/7`, '--json'], none),
      home.runAt(server.url, ['status', `https://www.neuronpedia.org/${id}`, '--json'], none),
    ]);
    expect([plain.code, json.code, elsewhere.code]).toEqual([0, 0, 0]);
    expect(plain.stdout).toContain(`${server.url}/${id}`);
    expect(plain.stdout).toContain('blocks.1.hook_resid_post');
    const [document, ...more] = documentsOf(json);
    expect(more).toEqual([]);
    expect(document).toMatchObject({ v: 1, type: 'feature', id, feature: { modelId: 'tiny-kjv-4l', index: '7' } });
    const [row] = storedFeatures(server.data, '1-feature').filter(({ index }) => index === 7);
    expect(Buffer.from(Float32Array.from(document.feature.vector).buffer).toString('hex')).toBe(row?.vector);
    expect(documentsOf(elsewhere)).toMatchObject([{ type: 'feature', id }]);
  });

  const unknown = [
    ['an unknown feature', 'gpt2-small/6-nothing/1', 6, 'not_found'],
    ['an unknown job', '0123456789abcdef', 6, 'not_found'],
    ['a malformed id', 'gpt2-small/6-nothing/first', 2, 'usage'],
  ] as const;
  for (const [what, id, code, name] of unknown) {
    test(`exits with ${code} for ${what}`, async ({ home, server }) => {
      const ran = await home.runAt(server.url, ['status', id, '--json']);
      expect(ran.code).toBe(code);
      expect(documentsOf(ran)).toMatchObject([{ type: 'error', code: name, exitCode: code }]);
    });
  }

  test('exits with 4 without a key, but still shows what it knows', async ({ home, server }) => {
    const none = { env: { NEURONPEDIA_API_KEY: '' } };
    const [plain, json] = await Promise.all([
      home.runAt(server.url, ['status'], none),
      home.runAt(server.url, ['status', '--json'], none),
    ]);
    expect([plain.code, json.code]).toEqual([4, 4]);
    expect(plain.stdout).toContain(server.url);
    expect(plain.stderr).toMatch(/neuronpedia: hint: .*login/);
    expect(documentsOf(json)).toMatchObject([{ v: 1, account: null, jobs: [], error: { code: 'no_key' } }]);
  });

  test('shows what was uploaded to the embedded sandbox before', async ({ home }) => {
    expect(await home.run([...command, '--sandbox'])).toMatchObject({ code: 0 });
    const ran = await home.run(['status', '--sandbox', '--json']);
    expect(documentsOf(ran)).toMatchObject([{ type: 'status', quota: { used: 10 }, jobs: [{ confirmed: 10 }] }]);
    const feature = await home.run(['status', 'tiny-kjv-4l/1-shown/9', '--sandbox']);
    expect(feature).toMatchObject({ code: 0 });
    expect(feature.stdout).toContain('tiny-kjv-4l/1-shown/9\n');
  });
});
