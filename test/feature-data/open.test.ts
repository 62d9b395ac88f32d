import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { factsOf } from '../../src/feature-data/facts.ts';
import {
  deadRows,
  type FeatureFacts,
  type FeatureSet,
  firing,
  type SparsityScale,
} from '../../src/feature-data/feature-data.ts';
import { openFeatureData } from '../../src/feature-data/open.ts';
import { type Indices, ownIndices, rowNumbers, singleIndex } from '../../src/tensor/indices.ts';
import { fixture, npyImage, safetensorsImage, tempFolder } from '../fixtures.ts';

const rows = 16;
const facts: FeatureFacts[] = JSON.parse(readFileSync(fixture('feature-data', 'facts.json'), 'utf8'));
const data = (name: string) => fixture('feature-data', name);

function setOf(count: number, indices: Indices = rowNumbers(count)): FeatureSet {
  return { rows: count, indices, placeFault: ({ layer }) => (layer == null || layer === 1 ? undefined : 'elsewhere') };
}

async function open(path: string, scale?: SparsityScale, set = setOf(rows)) {
  const source = await openFeatureData(path, set, scale);
  onTestFinished(() => source.close());
  return source;
}

async function readAll(source: Awaited<ReturnType<typeof open>>, count = rows) {
  const all = [];
  for (let row = 0; row < count; row++) all.push(await source.read(row));
  return all;
}

async function written(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(await tempFolder(), name);
  await writeFile(path, content);
  return path;
}

const lines = (...objects: unknown[]) =>
  objects.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');

function float32(values: number[], shape = [values.length]): Uint8Array {
  return npyImage('<f4', false, shape, new Uint8Array(Float32Array.from(values).buffer));
}

describe('facts of features', () => {
  const withTexts = ['facts.jsonl', 'facts.arrow', 'facts_zstd.arrow', 'facts_polars.arrow', 'facts_views.arrow'];
  it.each(withTexts)('are all found in %s, whatever their order', async (name) => {
    const source = await open(data(name));
    expect(await readAll(source)).toEqual(facts);
    expect(source).toMatchObject({ features: rows, notes: name.endsWith('jsonl') ? [] : expect.any(Array) });
    expect(deadRows(source)).toEqual([
      [3, 4],
      [11, 12],
    ]);
  });

  it.each(['facts.npz', 'facts_deflated.npz', 'facts.safetensors'])(
    'are the same in %s except for texts',
    async (name) => {
      const source = await open(data(name));
      expect(await readAll(source)).toEqual(facts.map(({ name, description, ...rest }) => rest));
      expect(source.notes).toEqual(['"max_activation" says nothing of 2 of 16 features (NaN or null)']);
      expect(source.fields).toEqual([
        ...['density', 'sparsity', 'frequency', 'layer', 'max_activation', 'training_tokens', 'l0', 'dead', 'cluster'],
      ]);
    },
  );

  it('are refused beside an array that looks like their indices and says another order', async () => {
    const facts = (name: string, order: number[]) => {
      const header = {
        [name]: { dtype: 'I64', shape: [4], data_offsets: [0, 32] },
        density: { dtype: 'F32', shape: [4], data_offsets: [32, 48] },
      };
      const bytes = [BigInt64Array.from(order.map(BigInt)).buffer, Float32Array.of(0, 0.5, 0.25, 1).buffer];
      const data = Buffer.concat(bytes.map((buffer) => new Uint8Array(buffer)));
      return written('facts.safetensors', safetensorsImage(JSON.stringify(header), data));
    };
    for (const name of ['feature_id', 'feature', 'latent_idx', 'id', 'neuron'])
      await expect(open(await facts(name, [2, 0, 3, 1]), undefined, setOf(4))).rejects.toMatchObject({
        ...{ code: 'record_invalid', message: expect.stringContaining(`"${name}" looks like the feature`) },
        hints: [expect.stringContaining('rename it to "index"')],
      });
    for (const [name, order] of [
      ['feature_id', [0, 1, 2, 3]],
      ['feature_id', [2, 2, 0, 1]],
      ['token', [2, 0, 3, 1]],
    ] as const)
      expect(await readAll(await open(await facts(name, [...order]), undefined, setOf(4)), 4)).toHaveLength(4);
  });

  it('from a single .npy are named after the file', async () => {
    const source = await open(data('density.npy'));
    expect(await readAll(source)).toEqual(facts.map(({ density }) => ({ density })));
    expect(deadRows(source)).toEqual([
      [3, 4],
      [11, 12],
    ]);
    const free = await open(await written('my_score.npy', float32([0.5, 1.5])), undefined, setOf(2));
    expect(await free.read(1)).toEqual({ metadata: { my_score: 1.5 } });
    expect([...free.firing]).toEqual([0, 0]);
  });

  it('have a different hash if they, their file or their scale differ', async () => {
    const hashes = [];
    for (const name of ['facts.jsonl', 'facts.npz', 'facts.arrow', 'density.npy'])
      hashes.push((await open(data(name))).hash);
    for (const scale of ['log10', 'linear'] as const) hashes.push((await open(data('sparsity.npy'), scale)).hash);
    expect(new Set(hashes).size).toBe(hashes.length);
    const texts = ['{"index":0,"name":"a"}', '{"index":0,"name":"b"}'];
    const [a, b] = await Promise.all(texts.map(async (text) => open(await written('x.jsonl', text))));
    expect(a?.hash).not.toBe(b?.hash);
  });

  it('may omit features, and say nothing with null or an empty text', async () => {
    const path = await written('x.jsonl', lines({ index: '1', name: '', l0: null, frequency: 0.5 }, '', { index: 3 }));
    const source = await open(path);
    expect(await readAll(source, 4)).toEqual([
      undefined,
      { density: 0.5, metadata: { frequency: 0.5 } },
      undefined,
      undefined,
    ]);
    expect(source.features).toBe(1);
  });

  it('keep custom keys, nested ones too, but not what belongs to dashboards', async () => {
    const line = { index: 0, metadata: { tree: [{ deep: 'x' }] }, topLogits: [1], activations: [], note: true };
    const source = await open(await written('x.jsonl', lines(line)));
    expect(await source.read(0)).toEqual({ metadata: { note: true, tree: [{ deep: 'x' }] } });
  });

  it('of rows with their own indices are found by index in lines and by row in arrays', async () => {
    const own = ownIndices(Float64Array.of(70, 7)) as Indices;
    const byIndex = await open(await written('x.jsonl', lines({ index: 7, l0: 1 })), undefined, setOf(2, own));
    expect(await readAll(byIndex, 2)).toEqual([undefined, { metadata: { l0: 1 } }]);
    const byRow = await open(await written('l0.npy', float32([8, 9])), undefined, setOf(2, own));
    expect(await readAll(byRow, 2)).toEqual([{ metadata: { l0: 8 } }, { metadata: { l0: 9 } }]);
  });

  it('of a whole SAE serve a single row that was given an index', async () => {
    const source = await open(data('facts.jsonl'), undefined, setOf(1, singleIndex(0, 4)));
    expect(await source.read(0)).toEqual(facts[4]);
  });
});

describe('a sparsity', () => {
  it('from SAELens is a base-10 logarithm, and -10 means dead', async () => {
    const source = await open(data('sparsity.npy'), 'log10');
    const share = 10 ** readFileSync(data('sparsity.npy')).readFloatLE(128) - 1e-10;
    expect(await source.read(0)).toEqual({
      density: share,
      metadata: { sparsity: share, frequency: share, dead: false },
    });
    expect(await source.read(3)).toEqual({ density: 0, metadata: { sparsity: 0, frequency: 0, dead: true } });
    expect(source.notes).toEqual([expect.stringContaining('logarithm')]);
  });

  it('that is negative needs --sparsity-scale, and both readings are explained', async () => {
    const opening = open(data('sparsity.npy'));
    await expect(opening).rejects.toMatchObject({
      exitCode: 6,
      message: expect.stringMatching(/sparsity.npy: feature 0: sparsity -1.*negative/),
    });
    await expect(opening).rejects.toMatchObject({
      hints: [
        expect.stringMatching(/--sparsity-scale log10.*\d %/),
        expect.stringContaining('--sparsity-scale linear'),
      ],
    });
  });

  it('that is declared linear is sent unchanged and says nothing about firing', async () => {
    const source = await open(await written('sparsity.npy', float32([-0.5, 0])), 'linear', setOf(2));
    expect(await readAll(source, 2)).toEqual([{ metadata: { sparsity: -0.5 } }, { metadata: { sparsity: 0 } }]);
    expect([...source.firing]).toEqual([0, 0]);
  });

  it('above 0 is refused as a logarithm', async () => {
    const opening = open(await written('sparsity.npy', float32([-1, 0.5])), 'log10', setOf(2));
    await expect(opening).rejects.toMatchObject({
      exitCode: 6,
      message: expect.stringMatching(/feature 1.*0.5 .*above 0/),
    });
  });
});

describe('refusing facts that cannot be sent', () => {
  const faulty: Record<string, [unknown[], RegExp]> = {
    'an index that no feature has': [[{ index: 16, l0: 1 }], /line 1: no feature has index 16: there are 16, 0 to 15/],
    'a negative index': [[{ index: -1, l0: 1 }], /index -1/],
    'the same feature twice': [
      [
        { index: 2, l0: 1 },
        { index: 2, l0: 2 },
      ],
      /line 2: feature 2 appears twice/,
    ],
    'a line without an index': [[{ l0: 1 }], /line 1: has no "index"/],
    'a line that is not JSON': [['{"index":1'], /line 1: is not JSON/],
    'a NUL in a name': [[{ index: 1, name: 'a\0' }], /name: contains a NUL/],
    'half a surrogate pair': [['{"index":1,"description":"\\ud83d"}'], /half of a surrogate pair/],
    'half a surrogate pair in custom metadata': [['{"index":1,"a":{"b":["\\ud83d"]}}'], /a: contains half/],
    'a name that is too long': [[{ index: 1, name: 'x'.repeat(513) }], /name: 513 characters; at most 512/],
    'a name that is not text': [[{ index: 1, name: 5 }], /name: is not text/],
    'an infinite number': [['{"index":1,"max_activation":1e999}'], /max_activation: Infinity is not a finite number/],
    'an infinite number in custom metadata': [['{"index":1,"x":[1e999]}'], /x: Infinity/],
    'a frequency that is a logarithm': [[{ index: 1, frequency: -3 }], /frequency: -3 is not a share.*logarithm/],
    'a density above 1': [[{ index: 1, density: 1.5 }], /density: 1.5 is not a share/],
    'a value of "dead" that is neither true nor false': [[{ index: 1, dead: 'yes' }], /dead: yes is neither/],
    'another layer': [[{ index: 1, layer: 2, l0: 1 }], /feature 1: elsewhere/],
    'metadata that is nested too deep': [[`{"index":1,"x":${'['.repeat(40)}${']'.repeat(40)}}`], /nested deeper/],
    'a file that says nothing': [[''], /says nothing of any feature/],
  };
  it.each(Object.entries(faulty))('%s', async (_, [given, message]) => {
    await expect(open(await written('x.jsonl', lines(...given)))).rejects.toMatchObject({
      exitCode: 6,
      message: expect.stringMatching(message),
    });
  });

  it('arrays of the wrong length, naming both lengths', async () => {
    const opening = open(data('density.npy'), undefined, setOf(512));
    await expect(opening).rejects.toMatchObject({
      exitCode: 6,
      message: expect.stringMatching(/"density" has 16 values.*512 features/),
    });
  });

  it('arrays that differ in length from their index array, naming both lengths', async () => {
    const path = await written('facts.json', JSON.stringify({ index: [3, 4], density: [0.1, 0.2, 0.3] }));
    await expect(open(path, undefined, setOf(512))).rejects.toMatchObject({
      exitCode: 6,
      message: expect.stringMatching(/the length of "density" is 3, but that of its index array "index" is 2/),
    });
  });

  it('the same fault in every feature, with a count', async () => {
    const path = await written('density.npy', float32(Array.from({ length: 30 }, () => 2)));
    const error = await open(path, undefined, setOf(30)).catch((thrown) => thrown);
    expect(error.message).toMatch(/\n {2}27 more features: density: 2 /);
    expect(error.message.split('\n')).toHaveLength(5);
  });

  it('an array of two dimensions, an infinity, and an integer that JSON would round', async () => {
    const matrix = await written('density.npy', float32([0, 1], [1, 2]));
    await expect(open(matrix)).rejects.toMatchObject({ exitCode: 6, message: expect.stringContaining('[1,2]') });
    const infinite = await written('max_activation.npy', float32([1, Infinity]));
    await expect(open(infinite, undefined, setOf(2))).rejects.toThrow(/feature 1: max_activation: Infinity/);
    const large = npyImage('<i8', false, [1], new Uint8Array(BigInt64Array.of(2n ** 60n).buffer));
    await expect(open(await written('x.npy', large), undefined, setOf(1))).rejects.toThrow('beyond 2^53');
  });
});

it.each([
  ['dead if said to be', [['dead', true]], firing.dead],
  [
    'dead at density 0, even if said not to be',
    [
      ['dead', false],
      ['density', 0],
    ],
    firing.dead,
  ],
  [
    'dead if said to be, even if its density is not 0',
    [
      ['dead', true],
      ['density', 0.5],
    ],
    firing.dead,
  ],
  ['alive if said not to be dead', [['dead', false]], firing.alive],
  ['alive if its density is not 0', [['density', 0.5]], firing.alive],
  ['neither dead nor alive if nothing says so', [['name', 'a king']], firing.unknown],
] as const)('a feature is %s', (_, record, state) => {
  expect(factsOf(record, undefined)).toMatchObject({ state });
});

it('a .jsonl of facts may begin with a byte order mark', async () => {
  const source = await open(await written('facts.jsonl', '\ufeff{"index":3,"density":0.5}\n'));
  expect(await source.read(3)).toMatchObject({ density: 0.5 });
});

it('values with an unusable index array are refused, not assigned in row order', async () => {
  const flat = (name: string, length: number) => ({ [name]: Array.from({ length }, (_, i) => i / 100) });
  const notRead = /index" should say which feature each value belongs to, but /;
  const both = /"index" and "feature_index" both say which feature each value belongs to: keep one/;
  for (const [index, message] of [
    [{ index: ['5', '6'] }, notRead],
    [{ feature_index: [[1], [2]] }, notRead],
    [{ index: [0, 1], feature_index: [1, 0] }, both],
  ] as const) {
    const path = await written('facts.json', JSON.stringify({ ...flat('density', 2), ...index }));
    await expect(open(path, undefined, setOf(2))).rejects.toMatchObject({
      code: 'record_invalid',
      message: expect.stringMatching(message),
    });
  }
});

it.each(['index', 'feature_index'])('facts are assigned to the features that "%s" names', async (name) => {
  const arrays = await written('facts.json', JSON.stringify({ density: [0.25, 0.5], [name]: [3, 1] }));
  const lines = await written('facts.jsonl', `{"${name}":3,"density":0.25}\n{"${name}":1,"density":0.5}\n`);
  for (const path of [arrays, lines]) {
    const all = await readAll(await open(path), 4);
    expect(all.map((one) => one?.density)).toEqual([undefined, 0.5, undefined, 0.25]);
    expect(all.map((one) => one?.metadata?.[name])).toEqual([undefined, undefined, undefined, undefined]);
  }
});

it('a name that is not UTF-8 is refused, as it would arrive changed', async () => {
  const line = Buffer.from('{"index":0,"name":"caf\xe9"}', 'latin1');
  await expect(open(await written('facts.jsonl', line))).rejects.toMatchObject({
    code: 'record_invalid',
    message: expect.stringContaining('line 1: is not UTF-8'),
    hints: ['nothing was sent; fix the file, or go on without it'],
  });
});

it('a sparsity that is no logarithm gets a hint at --sparsity-scale linear where that helps', async () => {
  const linear = 'if its sparsity is not a logarithm: --sparsity-scale linear';
  const open1 = async (facts: object) => open(await written('facts.jsonl', lines({ index: 0, ...facts })), 'log10');
  await expect(open1({ sparsity: 0.5 })).rejects.toMatchObject({ hints: [expect.any(String), linear] });
  await expect(open1({ log_feature_sparsity: 0.5 })).rejects.toMatchObject({ hints: [expect.any(String)] });
  await expect(open1({ name: 'a\0' })).rejects.toMatchObject({ hints: [expect.any(String)] });
});
