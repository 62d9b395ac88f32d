import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { fixture, rowsOf, tinySae } from './fixtures.ts';
import { test } from './home.ts';
import { documentsOf, linesOf } from './run-cli.ts';
import { everythingIn, storedFeatures } from './sandbox-process.ts';
import { serveThrough, uploadedIndices } from './web-server.ts';

const weights = fixture('sae-tiny/sae_weights.safetensors');

describe.concurrent('upload-sae', () => {
  test('stores every feature bit for bit in the embedded sandbox, and prints the source', async ({ home }) => {
    const ran = await home.run(['upload-sae', tinySae, '--sae-id', 'kjv-res', '--sandbox']);
    expect(ran).toMatchObject({ code: 0, stdout: 'tiny-kjv-4l/1-kjv-res\n' });
    const stored = storedFeatures(home.sandboxData);
    expect(stored.map(({ vector }) => vector)).toEqual(await rowsOf(weights, 'W_dec'));
    expect(stored.map(({ index }) => index)).toEqual(Array.from({ length: 512 }, (_, i) => i));
    const place = { model: 'tiny-kjv-4l', source: '1-kjv-res', kind: 'sae', hookName: 'blocks.1.hook_resid_post' };
    for (const row of stored) expect(row).toMatchObject(place);
  });

  test('says on stderr which server the sandbox imitates, and where everything goes', async ({ home }) => {
    const { stderr } = await home.run(['upload-sae', tinySae, '--sae-id', 'kjv-res', '--sandbox', '--dry-run']);
    expect(stderr).toMatch(/sandbox: .*upload protocol/);
    for (const shown of ['tiny-kjv-4l', 'layer 1', 'blocks.1.hook_resid_post', '512', '64', 'rows']) {
      expect(stderr).toContain(shown);
    }
  });

  test('prints the URL on the server, and sends nothing when run again', async ({ home, server }) => {
    const proxy = home.own(await serveThrough(server.url));
    const command = ['upload-sae', tinySae, '--sae-id', 'twice'];
    const first = await home.runAt(proxy.url, command);
    expect(first).toMatchObject({ code: 0, stdout: `${proxy.url}/tiny-kjv-4l/1-twice\n` });
    expect(storedFeatures(server.data, '1-twice')).toHaveLength(512);
    proxy.seen.length = 0;
    const second = await home.runAt(proxy.url, command);
    expect(second).toMatchObject({ code: 0, stdout: first.stdout });
    expect(uploadedIndices(proxy.seen)).toEqual([]);
    expect(storedFeatures(server.data, '1-twice')).toHaveLength(512);
  });

  test('with --features sends only those, and a later run sends only the others', async ({ home, server }) => {
    const proxy = home.own(await serveThrough(server.url));
    const command = ['upload-sae', tinySae, '--sae-id', 'some'];
    expect(await home.runAt(proxy.url, [...command, '--features', '0-9,500'])).toMatchObject({ code: 0 });
    const some = [...Array.from({ length: 10 }, (_, i) => i), 500];
    expect(storedFeatures(server.data, '1-some').map(({ index }) => index)).toEqual(some);
    proxy.seen.length = 0;
    expect(await home.runAt(proxy.url, command)).toMatchObject({ code: 0 });
    const sent = uploadedIndices(proxy.seen);
    expect(sent).toHaveLength(501);
    expect(sent.filter((index) => some.includes(index))).toEqual([]);
    const stored = storedFeatures(server.data, '1-some').map(({ vector }) => vector);
    expect(stored).toEqual(await rowsOf(weights, 'W_dec'));
  });

  test('with --json writes events with a version and a type, and a summary last', async ({ home, server }) => {
    const ran = await home.runAt(server.url, ['upload-sae', tinySae, '--sae-id', 'events', '--json']);
    const events = documentsOf(ran);
    for (const event of events) expect(event).toMatchObject({ v: 1, type: expect.any(String) });
    expect(events.filter(({ type }) => type === 'summary')).toHaveLength(1);
    const job = { source: 'tiny-kjv-4l/1-events', status: 'done', rows: 512, confirmed: 512, sent: 512, found: 0 };
    expect(events.at(-1)).toMatchObject({ type: 'summary', status: 'done', jobs: [job] });
    expect(ran.code).toBe(0);
  });

  test('with --quiet writes the result and nothing else', async ({ home, server }) => {
    const ran = await home.runAt(server.url, ['--quiet', 'upload-sae', tinySae, '--sae-id', 'quiet'], {
      env: { NEURONPEDIA_API_URL: server.url },
    });
    expect(ran).toEqual({ code: 0, stdout: `${server.url}/tiny-kjv-4l/1-quiet\n`, stderr: '' });
  });

  test('sends no more than --batch-size features per request', async ({ home, server }) => {
    const proxy = home.own(await serveThrough(server.url));
    const command = ['upload-sae', tinySae, '--sae-id', 'small', '--features', '0-19', '--batch-size', '7'];
    expect(await home.runAt(proxy.url, command)).toMatchObject({ code: 0 });
    const sizes = proxy.seen
      .filter(({ path }) => path === '/api/feature/upload-batch')
      .map(({ body }) => JSON.parse(body).features.length);
    expect(sizes.sort()).toEqual([6, 7, 7]);
  });

  test('writes a receipt that names every row, its URL and the hash of its values', async ({ home, server }) => {
    const path = `${home.folder}/receipt.jsonl`;
    const command = ['upload-sae', tinySae, '--sae-id', 'receipt', '--receipt', path];
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 0 });
    const [head, ...rows] = linesOf(readFileSync(path, 'utf8')).map((line) => JSON.parse(line));
    expect(head).toMatchObject({ type: 'receipt', v: 1, command: 'upload-sae', server: server.url, rows: 512 });
    const expected = storedFeatures(server.data, '1-receipt').map(({ index, vector }) => ({
      row: index,
      index,
      id: `tiny-kjv-4l/1-receipt/${index}`,
      url: `${server.url}/tiny-kjv-4l/1-receipt/${index}`,
      vectorHash: createHash('sha256').update(Buffer.from(vector, 'hex')).digest('hex'),
      status: 'stored',
    }));
    expect(rows).toEqual(expected);
  });
});

describe('upload-sae --dry-run', () => {
  test('writes neither to the server nor to the state folder', async ({ home, server }) => {
    const before = everythingIn(server.data);
    const ran = await home.runAt(server.url, ['upload-sae', tinySae, '--sae-id', 'rehearsal', '--dry-run']);
    expect(ran).toMatchObject({ code: 0, stdout: '' });
    expect(everythingIn(server.data)).toEqual(before);
    expect(existsSync(home.state) ? readdirSync(home.state) : []).toEqual([]);
  });

  test('says in its summary with --json that it was a dry run', async ({ home, server }) => {
    const ran = await home.runAt(server.url, ['upload-sae', tinySae, '--sae-id', 'rehearsal', '--dry-run', '--json']);
    const job = { source: 'tiny-kjv-4l/1-rehearsal', rows: 512, width: 64, orientation: 'rows', layer: 1 };
    expect(documentsOf(ran).at(-1)).toMatchObject({ type: 'summary', status: 'dry-run', jobs: [job] });
  });

  test('says how many requests it would send, and counts vectors only if the server keeps them', async ({ home }) => {
    const args = ['upload-sae', tinySae, '--sae-id', 'rehearsal', '--dry-run', '--batch-size', '100'];
    const examples = ['--activations', fixture('sae-tiny/activations.jsonl')];
    const kept = await home.run([...args, ...examples, '--sandbox']);
    expect(kept.stderr).toMatch(/no daily limit: in at least 6 requests of \d+\.\d kB in all and the examples, at/);
    // A body that would hold few vectors holds many features without them.
    const dropped = await home.run([...args, ...examples, '--max-body', '20kB', '--sandbox-public']);
    expect(dropped.stderr).toContain('no daily limit: in at least 6 requests of the examples, at');
    const facts = ['--feature-metadata', home.file('facts.jsonl', '{"index":0,"name":"first"}\n')];
    const described = await home.run([...args, ...facts, '--sandbox']);
    expect(described.stderr).toMatch(/no daily limit: in at least 6 requests of \d+\.\d kB in all and the facts, at/);
    const vectors = await home.run([...args, '--as', 'vectors', '--sandbox-public']);
    expect(vectors.stderr).toContain("no daily limit: in 512 requests, at the server's pace");
  });

  test('does not mistake a path for the address of a server', async ({ home, server }) => {
    const path = 'llama-3.1-8b/saes/resid/12';
    cpSync(tinySae, join(home.folder, path), { recursive: true });
    const args = ['upload-sae', path, '--sae-id', 'rehearsal', '--dry-run'];
    const ran = await home.runAt(server.url, args, { cwd: home.folder });
    expect([ran.code, ran.stderr]).toEqual([0, expect.not.stringContaining('warning')]);
  });
});
