import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { openTensorFile } from '../../src/formats/open.ts';
import { type ProbeOptions, readProbe } from '../../src/layouts/probe.ts';
import { fixture } from '../fixtures.ts';
import { hexOf } from './fixtures.ts';
import { testHere as test } from './home.ts';
import { documentsOf, linesOf } from './run-cli.ts';
import { startSandboxProcess, storedFeatures } from './sandbox-process.ts';

const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--concept', 'truthfulness'];
const named = (data: string, name: string) => storedFeatures(data).filter(({ label }) => label === name);
const about = ['--tag', 'a', '--tag', 'b', '--license', 'cc0', '--metadata', 'auc=0.98', '--metadata', 'by=us'];

async function probeOf(path: string, options: ProbeOptions) {
  const file = await openTensorFile(path);
  return readProbe(file, options).finally(() => file.close());
}

describe.concurrent('upload-probe', () => {
  test('stores direction, bias, concept, description and metadata', async ({ home, server }) => {
    const path = fixture('probes', 'sklearn-scaled.npz');
    const options = ['--raw-space', '--paper-url', 'https://arxiv.org/abs/2310.06824', '--description', 'tells lies'];
    const ran = await home.runAt(server.url, ['upload-probe', path, ...place, '--name', 'raw', ...about, ...options]);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('/1-neuronpedia-resid-post/') });
    const { values, bias } = await probeOf(path, { scaling: 'raw-space' });
    const [row, ...more] = named(server.data, 'raw');
    expect(more).toEqual([]);
    expect(row).toMatchObject({ kind: 'probe', vector: hexOf(values), visibility: 'public' });
    expect(row?.details).toMatchObject({
      concept: 'truthfulness',
      bias,
      description: 'tells lies',
      tags: ['a', 'b'],
      license: 'CC0-1.0',
      paperUrl: 'https://arxiv.org/abs/2310.06824',
      metadata: { auc: 0.98, by: 'us' },
    });
  });

  test('uploads one class of several, and prefers --bias to the bias in the file', async ({ home, server }) => {
    const path = fixture('probes', 'torch-classes.safetensors');
    const options = ['--name', 'class 2', '--class', '2', '--bias', '-0.5'];
    expect((await home.runAt(server.url, ['upload-probe', path, ...place, ...options])).code).toBe(0);
    const { values } = await probeOf(path, { classIndex: 2 });
    expect(named(server.data, 'class 2')).toMatchObject([{ vector: hexOf(values), details: { bias: -0.5 } }]);
  });

  test('makes no second probe when run again, but another bias makes another probe', async ({ home, server }) => {
    const command = ['upload-probe', fixture('probes', 'sklearn-binary.npz'), ...place, '--name', 'again'];
    const first = await home.runAt(server.url, command);
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 0, stdout: first.stdout });
    expect(named(server.data, 'again')).toHaveLength(1);
    expect((await home.runAt(server.url, [...command, '--bias', '3'])).code).toBe(0);
    expect(named(server.data, 'again')).toHaveLength(2);
  });

  test('warns about what the public server cannot store, and keeps it in the receipt', async ({ home }) => {
    const receipt = `${home.folder}/receipt.jsonl`;
    const path = fixture('vectors/random-768-f32.npy');
    const server = home.own(await startSandboxProcess({ data: `${home.folder}/public`, args: ['--public'] }));
    const options = ['--model', 'gpt2-small', '--layer', '6', '--name', 'P', '--concept', 'truth', '--bias', '0.25'];
    const command = ['upload-probe', path, ...options, ...about, '--receipt', receipt, '--json'];
    const ran = await home.runAt(server.url, command);
    expect(ran.code).toBe(0);
    const warnings = linesOf(ran.stderr).filter((line) => line.includes('warning'));
    expect(warnings).toHaveLength(1);
    const names = ['tags', 'license', 'metadata', 'concept', 'bias'];
    for (const name of names) expect(warnings[0]).toContain(name);
    expect(documentsOf(ran).at(-1)).toMatchObject({ type: 'summary', kind: 'probe', notStored: names });
    const [head] = linesOf(readFileSync(receipt, 'utf8')).map((line) => JSON.parse(line));
    expect(head.notStored).toEqual({
      tags: ['a', 'b'],
      license: 'CC0-1.0',
      metadata: { auc: 0.98, by: 'us' },
      concept: 'truth',
      bias: 0.25,
    });
    expect(storedFeatures(server.data)).toMatchObject([{ label: 'P', kind: 'vector' }]);
  });

  test('refuses private uploads without a paid plan, and options that contradict each other', async ({
    home,
    server,
  }) => {
    const command = ['upload-probe', fixture('probes', 'sklearn-binary.npz'), ...place, '--name', 'refused'];
    const hidden = await home.runAt(server.url, [...command, '--visibility', 'private']);
    expect(hidden).toMatchObject({ code: 6, stderr: expect.stringContaining('paid plan') });
    const both = await home.runAt(server.url, [...command, '--raw-space', '--as-stored']);
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('contradict') });
    expect(named(server.data, 'refused')).toEqual([]);
    const paid = { env: { NEURONPEDIA_API_KEY: 'sandbox-paid' } };
    expect((await home.runAt(server.url, [...command, '--visibility', 'private'], paid)).code).toBe(0);
    expect(named(server.data, 'refused')).toMatchObject([{ visibility: 'private' }]);
    // The private probe does not count as the public one that is asked for.
    expect((await home.runAt(server.url, command, paid)).code).toBe(0);
    expect(
      named(server.data, 'refused')
        .map(({ visibility }) => visibility)
        .sort(),
    ).toEqual(['private', 'public']);
  });
});
