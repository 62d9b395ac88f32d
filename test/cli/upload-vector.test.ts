import { createHash } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { some } from '../some.ts';
import { fixture, npyFile, vectorOf } from './fixtures.ts';
import { test } from './home.ts';
import { documentsOf, linesOf } from './run-cli.ts';
import { storedFeatures } from './sandbox-process.ts';

const encodings = ['-f32.npy', '-f16.npy', '-f64.npy', '-be.npy', '-row.npy', '-column.npy', '.safetensors'];
const vector = fixture('vectors/random-768-f32.npy');
const place = ['--model', 'gpt2-small', '--layer', '6'];

/** Returns what the store holds under a name. */
const named = (data: string, name: string) => storedFeatures(data).filter(({ label }) => label === name);

describe.concurrent('upload-vector', () => {
  for (const encoding of some(encodings, 3)) {
    test(`stores the values of random-768${encoding} bit for bit`, async ({ home, server }) => {
      const path = fixture(`vectors/random-768${encoding}`);
      const ran = await home.runAt(server.url, ['upload-vector', path, ...place, '--name', encoding]);
      expect(ran.code).toBe(0);
      const tensor = encoding === '.safetensors' ? 'vector' : '';
      const stored = named(server.data, encoding);
      expect(stored).toMatchObject([{ vector: await vectorOf(path, tensor), strength: 10, kind: 'vector' }]);
      const [{ model, source, index }] = stored as [(typeof stored)[0]];
      expect(ran.stdout).toBe(`${server.url}/${model}/${source}/${index}\n`);
    });
  }

  test('stores name, strength, layer and hook', async ({ home, server }) => {
    const name = 'Gruß 🦊 "quoted"';
    const options = ['--model', 'tiny-kjv-4l', '--layer', '3', '--hook', 'resid-pre', '--strength', '-12.5'];
    const path = fixture('vectors/woman-minus-man-64-f32.npy');
    const ran = await home.runAt(server.url, ['upload-vector', path, ...options, '--name', name]);
    expect(ran.code).toBe(0);
    const row = { model: 'tiny-kjv-4l', strength: -12.5, hookName: 'blocks.3.hook_resid_pre' };
    expect(named(server.data, name)).toMatchObject([{ ...row, vector: await vectorOf(path) }]);
  });

  test('warns if a row of hidden states, or of one row per layer, most likely belongs to another layer', async ({
    home,
    server,
  }) => {
    const tiny = ['--model', 'tiny-kjv-4l', '--name', 'of a layer', '--dry-run'];
    const dryRun = async (rows: number, ...more: string[]) => {
      const file = home.file(`${rows}.npy`, npyFile([rows, 64], Math.cos));
      return (await home.runAt(server.url, ['upload-vector', file, ...tiny, ...more])).stderr;
    };
    const states = await dryRun(5, '--row', '2', '--layer', '2');
    expect(states).toContain('warning: row 2 of 5, one more than tiny-kjv-4l has layers: if these are hidden states');
    expect(states).toContain('resid-post of layer 2 is row 3\n');
    expect(await dryRun(5, '--row', '3', '--layer', '2')).not.toContain('warning:');
    expect(await dryRun(5, '--row', '2', '--layer', '2', '--hook', 'resid-pre')).not.toContain('warning:');
    expect(await dryRun(4, '--row', '1', '--layer', '2')).toContain('layer 2 is row 2\n');
    expect(await dryRun(4, '--row', '2', '--layer', '2')).not.toContain('warning:');
    expect(await dryRun(9, '--row', '1', '--layer', '2')).not.toContain('warning:');
  });

  test('says that standard input must be JSON, and how to upload other formats', async ({ home }) => {
    const command = ['upload-vector', '-', ...place, '--name', 'piped', '--sandbox'];
    const ran = await home.run(command, { stdin: 'PK\x03\x04 an archive' });
    expect(ran).toMatchObject({ code: 6, stderr: expect.stringContaining('standard input: expected a JSON array') });
    expect(ran.stderr).toContain("hint: for other formats, give the file's name");
  });

  test('prints model/source/index of what it stored in the embedded sandbox', async ({ home }) => {
    const ran = await home.run(['upload-vector', vector, ...place, '--name', 'embedded', '--sandbox']);
    const [row] = storedFeatures(home.sandboxData);
    expect(ran).toMatchObject({ code: 0, stdout: `${row?.model}/${row?.source}/${row?.index}\n` });
    expect(row?.hookName).toBe('blocks.6.hook_resid_post');
  });

  test('makes no second vector when run again, even without its state, but makes one for another name', async ({
    home,
    server,
  }) => {
    const command = ['upload-vector', vector, ...place, '--name', 'once'];
    const first = await home.runAt(server.url, command);
    expect(first.code).toBe(0);
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 0, stdout: first.stdout });
    expect(named(server.data, 'once')).toHaveLength(1);
    rmSync(home.state, { recursive: true });
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 0, stdout: first.stdout });
    expect(named(server.data, 'once')).toHaveLength(1);
    const other = await home.runAt(server.url, ['upload-vector', vector, ...place, '--name', 'twice']);
    expect(other.code).toBe(0);
    expect(other.stdout).not.toBe(first.stdout);
    expect([named(server.data, 'once').length, named(server.data, 'twice').length]).toEqual([1, 1]);
  });

  test('warns if a name already has other values, and replaces nothing, on both kinds of server', async ({ home }) => {
    for (const [name, args] of Object.entries({ ours: [], public: ['--public'] })) {
      const { url, data } = await home.sandbox({ args });
      const id = (ran: { stdout: string }) => ran.stdout.trim().slice(url.length + 1);
      const command = ['upload-vector', vector, ...place, '--name', name];
      const first = await home.runAt(url, command);
      expect(first.stderr).not.toContain('a different vector');
      const stronger = [...command, '--strength', '33'];
      const second = await home.runAt(url, stronger);
      expect(second.code).toBe(0);
      expect(second.stderr).toContain(`a different vector named "${name}" is already on the server: ${id(first)};`);
      expect(named(data, name)).toHaveLength(2);
      // The same vector again is not a different one.
      const { stderr } = await home.runAt(url, stronger);
      expect(stderr).not.toContain('a different vector');
      // The command that it suggests is enough to delete the first one.
      const [, words = ''] = /\(to delete it: neuronpedia (.+)\)/.exec(second.stderr) ?? [];
      const taken = await home.run([...words.split(' '), '--yes'], { env: { NEURONPEDIA_API_KEY: 'sandbox-bulk' } });
      expect(taken.code).toBe(0);
      expect(named(data, name)).toHaveLength(1);
    }
  });

  test('writes a summary and a receipt with id, URL and hash', async ({ home, server }) => {
    const receipt = `${home.folder}/receipt.jsonl`;
    const command = ['upload-vector', vector, ...place, '--name', 'documents', '--json', '--receipt', receipt];
    const ran = await home.runAt(server.url, command);
    const [row] = named(server.data, 'documents');
    const id = `${row?.model}/${row?.source}/${row?.index}`;
    const summary = { v: 1, type: 'summary', status: 'done', id, url: `${server.url}/${id}`, sent: 1 };
    expect(documentsOf(ran).at(-1)).toMatchObject(summary);
    const vectorHash = createHash('sha256')
      .update(Buffer.from(row?.vector ?? '', 'hex'))
      .digest('hex');
    const [head, ...rows] = linesOf(readFileSync(receipt, 'utf8')).map((line) => JSON.parse(line));
    expect(head).toMatchObject({ type: 'receipt', v: 1, command: 'upload-vector', server: server.url });
    expect(rows).toEqual([{ row: 0, id, url: `${server.url}/${id}`, vectorHash, status: 'stored' }]);
  });

  test('with --dry-run stores nothing, and says what is already there', async ({ home, server }) => {
    const command = ['upload-vector', vector, ...place, '--name', 'rehearsal'];
    const dry = [...command, '--dry-run', '--json'];
    const ran = await home.runAt(server.url, dry);
    expect(documentsOf(ran).at(-1)).toMatchObject({ status: 'dry-run', there: 0, toSend: 1 });
    expect(named(server.data, 'rehearsal')).toEqual([]);
    expect((await home.runAt(server.url, command)).code).toBe(0);
    rmSync(home.state, { recursive: true });
    const again = await home.runAt(server.url, dry);
    expect(documentsOf(again).at(-1)).toMatchObject({ status: 'dry-run', there: 1, toSend: 0 });
    expect(again.stderr).toContain('dry run: nothing was sent; the vector is already on the server');
    const stronger = await home.runAt(server.url, [...command, '--strength', '33', '--dry-run']);
    expect(stronger).toMatchObject({ code: 0, stdout: '' });
    expect(stronger.stderr).toContain('a different vector named "rehearsal" is already on the server');
    expect(named(server.data, 'rehearsal')).toHaveLength(1);
  });
});
