import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FeatureFacts } from '../../src/feature-data/feature-data.ts';
import type { Sae, SaeKind } from '../../src/layouts/sae.ts';
import { placedPath } from '../../src/upload/kinds/sae-facts.ts';
import { fixture, npyImage } from '../fixtures.ts';
import { factFile, type Held, openLibraryBench } from './library-bench.ts';

const facts: FeatureFacts[] = JSON.parse(readFileSync(factFile('facts.json'), 'utf8'));
const rows = factFile('rows.npy');
const tiny = fixture('sae-tiny');

/** Returns what the store holds of a feature with these facts. */
function stored({ name, description, density, metadata }: FeatureFacts) {
  return { name: name ?? null, description: description ?? null, density: density ?? -1, metadata: metadata ?? null };
}

const factsOf = ({ name, description, density, metadata }: Held) => ({ name, description, density, metadata });

describe('facts of features on a server with the upload protocol', () => {
  it('are stored with each feature, from every file format', async () => {
    const bench = await openLibraryBench();
    for (const [i, file] of ['facts.jsonl', 'facts.arrow', 'facts_polars.arrow'].entries()) {
      await bench.upload(rows, { saeId: `texts-${i}`, featureMetadata: factFile(file) });
      expect(bench.held(`texts-${i}`).map(factsOf), file).toEqual(facts.map(stored));
    }
    const numbers = facts.map(({ density, metadata }) =>
      stored({ density: density as number, metadata: metadata ?? {} }),
    );
    for (const [i, file] of ['facts.npz', 'facts.safetensors'].entries()) {
      await bench.upload(rows, { saeId: `numbers-${i}`, featureMetadata: factFile(file) });
      expect(bench.held(`numbers-${i}`).map(factsOf), file).toEqual(numbers);
    }
  });

  it('are read from SAELens’s sparsity file without being named; densities of activations override it', async () => {
    const bench = await openLibraryBench();
    const activations = join(tiny, 'activations.jsonl');
    const { prepared } = await bench.upload(tiny, { features: [[0, 8]], activations });
    expect(prepared.facts?.givenFields).toEqual([]);
    const lines = readFileSync(activations, 'utf8').split('\n').slice(0, 8);
    const logs = readFileSync(join(tiny, 'sparsity.safetensors'));
    for (const [i, { density, metadata }] of bench.held().entries()) {
      const share = 10 ** logs.readFloatLE(logs.length - 4 * (512 - i)) - 1e-10;
      expect(density).toBe(JSON.parse(lines[i] as string).density);
      expect(metadata).toEqual({ sparsity: share, frequency: share, dead: false });
    }
    expect(bench.held()).toHaveLength(8);
  });

  it('given by the user override those found, feature by feature', async () => {
    const bench = await openLibraryBench();
    const featureMetadata = join(bench.folder, 'given.jsonl');
    await writeFile(featureMetadata, '{"index":0,"frequency":0.5}\n{"index":1,"name":"one"}\n');
    await bench.upload(tiny, { features: [[0, 3]], featureMetadata });
    const [zero, one, two] = bench.held().map(factsOf);
    expect(zero).toEqual({ name: null, description: null, density: 0.5, metadata: { frequency: 0.5 } });
    expect(one).toMatchObject({ name: 'one', metadata: { sparsity: expect.any(Number), dead: false } });
    expect(two).toMatchObject({ name: null, metadata: { sparsity: expect.any(Number), dead: false } });
    const all = join(bench.folder, 'frequency.npy');
    await writeFile(all, npyImage('<f8', false, [512], new Uint8Array(new Float64Array(512).fill(0.5).buffer)));
    const { prepared } = await bench.upload(tiny, { saeId: 'all', features: [[0, 3]], featureMetadata: all });
    expect(prepared.facts?.data.path).toBe(all);
    expect(new Set(bench.held('all').map(({ metadata }) => JSON.stringify(metadata)))).toEqual(
      new Set(['{"frequency":0.5}']),
    );
  });

  it('are reported lost if they are densities of vectors, unless given as frequencies', async () => {
    const bench = await openLibraryBench();
    const featureMetadata = join(bench.folder, 'given.jsonl');
    for (const [key, lost] of [
      ['density', { 'densities of features': true }],
      ['frequency', {}],
    ] as const) {
      await writeFile(featureMetadata, `{"index":0,"${key}":0.5}\n`);
      const { prepared } = await bench.upload(rows, { as: 'vectors', features: [[0, 1]], saeId: key, featureMetadata });
      expect(prepared.lostFields).toEqual(lost);
    }
    const { prepared } = await bench.upload(rows, { features: [[0, 1]], featureMetadata });
    expect(prepared.lostFields).toEqual({});
  });

  it('may be in one file per layer and head', () => {
    const head = { index: 1, of: 2 } as never;
    const placed = (sae: object, kind?: SaeKind) => placedPath('acts/{layer}-{head}.jsonl', sae as Sae, 13, kind);
    expect(placed({ head })).toBe('acts/13-1.jsonl');
    expect(placed({})).toBe('acts/13-{head}.jsonl');
    // A matrix that is declared a crosscoder is one with a single head.
    expect(placed({}, 'crosscoder')).toBe('acts/13-0.jsonl');
  });

  it('may not change between two runs of a job', async () => {
    const bench = await openLibraryBench();
    await bench.upload(rows, { features: [[0, 2]], featureMetadata: factFile('facts.jsonl') });
    for (const featureMetadata of [factFile('facts.npz'), undefined]) {
      const again = bench.upload(rows, featureMetadata === undefined ? {} : { featureMetadata });
      await expect(again).rejects.toMatchObject({
        exitCode: 12,
        message: expect.stringContaining('--feature-metadata'),
      });
    }
    expect(bench.held()).toHaveLength(2);
  });

  it('may be in one file per layer', async () => {
    const bench = await openLibraryBench();
    await writeFile(join(bench.folder, 'facts-1.jsonl'), '{"index":2,"l0":7}');
    await bench.upload(rows, { featureMetadata: join(bench.folder, 'facts-{layer}.jsonl') });
    expect(bench.held()[2]?.metadata).toEqual({ l0: 7 });
  });

  it('are stored with steering vectors too, and their names can be used in labels', async () => {
    const bench = await openLibraryBench();
    const options = { as: 'vectors', features: [[0, 2]], featureMetadata: factFile('facts.jsonl') } as const;
    const { prepared } = await bench.upload(rows, { ...options, label: '{name} #{index}' });
    expect(prepared.lostFields).toEqual({});
    const found = bench.held().map(({ label, description, metadata }) => ({ label, description, metadata }));
    const expected = facts.slice(0, 2).map(({ name, description, metadata }, i) => ({
      ...{ label: `${name} #${i}`, description: description ?? null, metadata },
    }));
    expect(found.sort((a, b) => String(a.label).slice(-1).localeCompare(String(b.label).slice(-1)))).toEqual(expected);
    const whole = { description: 'of all', metadata: { l0: 1, run: 'a' } };
    await bench.upload(rows, {
      ...options,
      saeId: 'whole',
      features: [[2, 3]],
      attributes: whole,
      label: 'with {name}',
    });
    const both = bench.held().find(({ label }) => label === `with ${facts[2]?.name}`);
    expect(both).toMatchObject({ description: 'of all', metadata: { run: 'a', ...facts[2]?.metadata } });
    const nameless = bench.upload(rows, { ...options, saeId: 'more', features: [[5, 6]], label: '{name}' });
    await expect(nameless).rejects.toMatchObject({
      exitCode: 6,
      message: expect.stringContaining('feature 5 no name'),
    });
  });
});

describe('dead features', () => {
  const alive = [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15];
  for (const [file, sparsityScale] of [
    ['facts.jsonl', undefined],
    ['density.npy', undefined],
    ['sparsity.npy', 'log10'],
  ] as const) {
    it(`are left out if ${file} says which ones are dead`, async () => {
      const bench = await openLibraryBench();
      const options = { featureMetadata: factFile(file), skipDead: true, ...(sparsityScale && { sparsityScale }) };
      const { prepared, report } = await bench.upload(rows, options);
      expect(bench.held().map(({ index }) => index)).toEqual(alive);
      expect(prepared.dead).toEqual([
        [3, 4],
        [11, 12],
      ]);
      expect(report).toMatchObject({ planned: 14, confirmed: 14 });
    });
  }

  it('cannot be left out if no file names them or no other feature is left', async () => {
    const bench = await openLibraryBench();
    await expect(bench.upload(rows, { skipDead: true })).rejects.toMatchObject({
      exitCode: 6,
      hints: expect.any(Array),
    });
    const all = bench.upload(rows, { skipDead: true, featureMetadata: factFile('density.npy'), features: [[3, 4]] });
    await expect(all).rejects.toMatchObject({ exitCode: 6, message: expect.stringContaining('leaves nothing') });
    expect(bench.held()).toEqual([]);
  });
});

describe('facts of features on a server that keeps dashboards only', () => {
  it('are sent only if they are densities, and the others are reported lost', async () => {
    const bench = await openLibraryBench(true);
    const activations = join(bench.folder, 'acts.jsonl');
    const act = '"activations":[{"tokens":["a"],"values":[1]}]';
    await writeFile(activations, `{"index":0,${act}}\n{"index":1,"density":0.25,${act}}\n`);
    const { prepared } = await bench.upload(rows, { activations, featureMetadata: factFile('facts.jsonl') });
    expect(bench.held().map(({ index, density, metadata }) => ({ index, density, metadata }))).toEqual([
      { index: 0, density: facts[0]?.density, metadata: undefined },
      { index: 1, density: 0.25, metadata: undefined },
    ]);
    expect(Object.keys(prepared.lostFields)).toEqual([
      'names of features',
      'descriptions of features',
      'metadata of features (sparsity, frequency, layer, max_activation, training_tokens, l0, dead, cluster)',
    ]);
  });
});
