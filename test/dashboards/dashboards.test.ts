import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dashboardFields } from '../../src/dashboards/dashboard.ts';
import { openDashboards } from '../../src/dashboards/open.ts';

const place = { model: 'tiny-kjv-4l', layer: 1, isModel: (name: string) => name === 'tiny-kjv-4l' };
const tiny = join(import.meta.dirname, '../../fixtures/sae-tiny/activations.jsonl');
const example = { tokens: [' a', 'b'], values: [0.5, 0] };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'np-dashboards-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function jsonLines(...lines: unknown[]): Promise<string> {
  const path = join(folder, 'acts.jsonl');
  const bytes = (line: unknown) => Buffer.from(typeof line === 'string' ? line : JSON.stringify(line));
  const all = lines.flatMap((line) => [line instanceof Uint8Array ? line : bytes(line), Buffer.from('\n')]);
  await writeFile(path, Buffer.concat(all).subarray(0, -1));
  return path;
}

async function batches(files: Record<string, unknown>): Promise<string> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), JSON.stringify(content));
  return folder;
}

it('"feature_index" may give the index of examples, unless "index" contradicts it', async () => {
  const source = await openDashboards(await jsonLines({ feature_index: 7, activations: [example] }), place);
  expect((await source.read(7))?.activations).toHaveLength(1);
  await source.close();
  const both = await jsonLines({ index: 1, feature_index: 7, activations: [example] });
  await expect(openDashboards(both, place)).rejects.toThrow('has "index" 1 but "feature_index" 7');
});

it('a byte order mark before examples is ignored', async () => {
  const lines = await jsonLines(`\ufeff${JSON.stringify({ index: 0, activations: [example] })}`);
  await writeFile(
    join(folder, 'batch-0.json'),
    `\ufeff${JSON.stringify({ features: [{ feature_index: 0, activations: [example] }] })}`,
  );
  for (const path of [lines, folder]) {
    const source = await openDashboards(path, place);
    expect((await source.read(0))?.activations).toHaveLength(1);
    await source.close();
  }
});

describe('the hints for faulty examples', () => {
  const hintsFor = async (line: object, options = {}, onlyIndex?: number) =>
    openDashboards(await jsonLines(line), { ...place, ...(onlyIndex !== undefined && { onlyIndex }) }, options).then(
      () => [],
      ({ hints }) => hints,
    );
  const emptyToken = { index: 0, activations: [{ tokens: [''], values: [1] }] };
  const emptyText = { index: 0, activations: [example], explanations: [{ text: '' }] };

  it('suggest --fix-tokens only if replacing tokens fixes everything', async () => {
    const leaveOut = 'nothing was sent; fix the file, or leave these features out with --features or --skip-bad-rows';
    expect(await hintsFor(emptyToken)).toEqual([leaveOut, 'empty and NUL tokens: --fix-tokens']);
    expect(await hintsFor(emptyText)).toEqual([leaveOut]);
    expect(await hintsFor({ ...emptyToken, ...emptyText, topLogits: [{ token: '', value: 1 }] })).toEqual([leaveOut]);
    expect(await hintsFor({ ...emptyToken, modelId: 'NUL' })).toEqual([leaveOut]);
  });

  it('suggest only fixing the file for a vector, as it has no other feature', async () => {
    for (const line of [emptyToken, emptyText]) {
      expect(await hintsFor(line, {}, 0)).toEqual(['nothing was sent; fix the file']);
    }
  });
});

describe('dashboards in a .jsonl', () => {
  it('are all found in the file of the trained SAE, with logits and density', async () => {
    const source = await openDashboards(tiny, place);
    expect(source.features).toEqual([[0, 512]]);
    expect(source.activations).toBe(1536);
    const dashboard = await source.read(252);
    expect(dashboard?.activations).toHaveLength(3);
    expect(dashboard?.topLogits).toHaveLength(10);
    expect(dashboard?.density).toBeGreaterThan(0);
    await source.close();
  });

  it('may have one activation per line, with indices as text, in any order', async () => {
    const one = (index: string, value: number) => ({
      modelId: place.model,
      layer: '1-x',
      index,
      tokens: ['t'],
      values: [value],
    });
    const source = await openDashboards(await jsonLines(one('7', 1), one('2', 2), '', one('7', 3)), place);
    expect(source.features).toEqual([
      [2, 3],
      [7, 8],
    ]);
    expect((await source.read(7))?.activations.map(({ values }) => values[0])).toEqual([1, 3]);
    expect(await source.read(3)).toBeUndefined();
    await source.close();
  });

  it('may have one activation per line with its quantile, and NaN where Python has written it', async () => {
    const quantile = { quantileMin: 0.1, quantileMax: 2, quantileFraction: 0.5 };
    const line = { index: 0, tokens: ['t'], values: [1], ...quantile };
    const text = JSON.stringify({ ...line, density: null, note: null }).replaceAll('null', 'NaN');
    const path = await jsonLines(text);
    const source = await openDashboards(path, place);
    expect((await source.read(0))?.activations).toEqual([{ tokens: ['t'], values: [1], ...quantile }]);
    await source.close();
    await writeFile(path, '{"index":0,"tokens":["t"],"values":[NaN]}');
    await expect(openDashboards(path, place)).rejects.toThrow('received null (NaN counts as null)');
  });

  it('may give density, logits and explanations on any line of a feature', async () => {
    const example = { index: 3, tokens: ['t'], values: [1] };
    const logits = { topLogits: [{ token: 'a', value: 1 }], bottomLogits: [{ token: 'z', value: -1 }] };
    const explained = { explanations: [{ text: 'kings' }] };
    const source = await openDashboards(
      await jsonLines(example, { ...example, ...logits, density: 0.25 }, { ...example, ...explained }),
      place,
    );
    expect(await source.read(3)).toMatchObject({ density: 0.25, ...logits, ...explained });
    await source.close();
  });

  it('may include a feature without examples, which is not listed for upload', async () => {
    const source = await openDashboards(
      await jsonLines({ index: 1, density: 0, activations: [] }, { index: 2, activations: [example] }),
      place,
    );
    expect(source.features).toEqual([[2, 3]]);
    await source.close();
  });

  it('need no index for a single vector', async () => {
    const source = await openDashboards(await jsonLines(example, example), { ...place, onlyIndex: 0 });
    expect((await source.read(0))?.activations).toEqual([example, example]);
    await source.close();
  });

  const faults: Record<string, [unknown, RegExp]> = {
    'a line that is not JSON': ['{"index":1', /line 1: is not JSON/],
    'an empty token': [
      { index: 1, activations: [{ tokens: [''], values: [1] }] },
      /feature 1: activation 0: token 0: is empty/,
    ],
    'a NUL in a token': [{ index: 1, tokens: ['a\0'], values: [1] }, /NUL/],
    'half a surrogate pair': ['{"index":1,"tokens":["\\ud83d"],"values":[1]}', /half of a surrogate pair/],
    'fewer values than tokens': [{ index: 1, tokens: ['a', 'b'], values: [1] }, /2 tokens but 1 values/],
    'no tokens at all': [{ index: 1, tokens: [], values: [] }, /0 tokens; 1 to 1024/],
    'a value that is not a number': ['{"index":1,"tokens":["a"],"values":[null]}', /values/],
    'a density that is a logarithm': [
      { index: 1, density: -3.2, activations: [example] },
      /density -3.2 is not between 0 and 1: is it a logarithm/,
    ],
    'too many logits': [
      { index: 1, activations: [example], topLogits: Array(21).fill({ token: 't', value: 1 }) },
      /more than 20 logits/,
    ],
    'an explanation that is too long': [
      { index: 1, activations: [example], explanations: [{ text: 'x'.repeat(513) }] },
      /513 characters/,
    ],
    'an index that is too large': [{ index: 10_000_001, activations: [example] }, /index 10000001/],
    'another model': [{ modelId: 'gpt2-small', index: 1, activations: [example] }, /for model gpt2-small/],
    'another layer': [
      { layer: '6-my-sae', index: 1, activations: [example] },
      /for layer 6-my-sae, but the upload is for layer 1/,
    ],
    'neither activations nor tokens': [{ index: 1 }, /neither activations nor tokens/],
    'both activations and tokens': [
      { index: 1, activations: [example], ...example },
      /has both activations and tokens or values of its own/,
    ],
    'bytes that are not UTF-8': [Buffer.from('{"index":1,"tokens":["caf\xe9"],"values":[1]}', 'latin1'), /not UTF-8/],
    'no index': [example, /has no "index", so it does not say which feature it describes; it has "tokens", "values"/],
  };
  for (const [name, [line, message]] of Object.entries(faults)) {
    it(`are refused for ${name}`, async () => {
      await expect(openDashboards(await jsonLines(line), place)).rejects.toMatchObject({
        exitCode: 6,
        message: expect.stringMatching(message),
      });
    });
  }

  it.each(['modelId', 'model_id'])('are refused if %s names another model', async (key) => {
    const path = await jsonLines({ index: 0, [key]: 'another-model', activations: [example] });
    await expect(openDashboards(path, place)).rejects.toThrow('it is for model another-model');
    const own = await jsonLines({ index: 0, [key]: place.model, activations: [example] });
    await (await openDashboards(own, place)).close();
  });

  it('are refused with a count of all faults, those not shown included', async () => {
    const without = (times: number) => Array.from({ length: times }, () => ({ tokens: ['a'], values: [1] }));
    const four = await openDashboards(await jsonLines(...without(4)), place).catch((error) => error);
    expect(four.message).toMatch(/\n {2}1 more line: has no "index"/);
    expect(four.details).toMatchObject({ count: 4, findings: { length: 3 } });
    const bad = Array.from({ length: 25 }, (_, index) => ({ index, activations: [{ tokens: [''], values: [1] }] }));
    const mixed = await openDashboards(await jsonLines(...bad, ...without(10)), place).catch((error) => error);
    expect(mixed.message).toContain('35 records cannot be uploaded (the first 20 of 35):');
    expect(mixed.message).not.toContain('more line');
  });

  it('are refused for one fault on every line by showing three and counting the rest', async () => {
    const path = await jsonLines(...Array.from({ length: 30 }, () => ({ feature: 1, tokens: ['a'], values: [1] })));
    const { message } = await openDashboards(path, place).catch((error) => error);
    expect(message).toMatch(
      /30 records cannot be uploaded \(the first 3 of 30\):\n.*line 1: has no "index".*it has "tokens", "values", "feature"/,
    );
    expect(message.split('\n')).toHaveLength(5);
    expect(message).toMatch(/\n {2}27 more lines: has no "index"/);
  });

  it('are refused for another model on every line by showing three and counting the rest', async () => {
    const lines = Array.from({ length: 30 }, (_, index) => ({ index, modelId: 'another', activations: [example] }));
    const { message } = await openDashboards(await jsonLines(...lines), place).catch((error) => error);
    expect(message.split('\n')).toHaveLength(5);
    expect(message).toMatch(/\n {2}27 more lines: it is /);
  });

  it('are refused if a feature appears twice, and list at most twenty faults', async () => {
    const path = await jsonLines({ index: 1, activations: [example] }, { index: 1, activations: [example] });
    await expect(openDashboards(path, place)).rejects.toThrow('line 2, feature 1: this feature appears twice');
    const many = await jsonLines(...Array.from({ length: 30 }, (_, index) => ({ index, tokens: [''], values: [1] })));
    await expect(openDashboards(many, place)).rejects.toThrow('30 records cannot be uploaded (the first 20 of 30)');
  });
});

describe('a folder written by SAEDashboard', () => {
  const feature = (feature_index: number, bins: object = {}) => ({
    feature_index,
    frac_nonzero: 0.25,
    pos_str: ['p'],
    pos_values: [1.5],
    neg_str: ['n'],
    neg_values: [-1.5],
    activations: [{ ...example, ...bins }],
  });
  const batch = (...features: unknown[]) => ({ model_id: place.model, layer: 1, sae_set: 'x', features });

  it('is read across its batches, with gaps for dead features', async () => {
    const path = await batches({
      'batch-10.json': batch(feature(20)),
      'batch-2.json': batch(feature(4), feature(6)),
      'skipped_indexes.json': { skipped_indexes: [5] },
    });
    const source = await openDashboards(path, place);
    expect(source.features).toEqual([
      [4, 5],
      [6, 7],
      [20, 21],
    ]);
    expect(await source.read(6)).toMatchObject({
      density: 0.25,
      topLogits: [{ token: 'p', value: 1.5 }],
      bottomLogits: [{ token: 'n', value: -1.5 }],
    });
    expect(await source.read(5)).toBeUndefined();
  });

  it('may hold NaN in fields that are not read', async () => {
    const text = JSON.stringify(batch(feature(1, {}), { ...feature(2, {}), other: [null] }));
    const path = await batches({ 'batch-0.json': {} });
    await writeFile(join(path, 'batch-0.json'), text.replace('[null]', '[NaN, -Infinity]'));
    const source = await openDashboards(path, place);
    expect(source.features).toEqual([[1, 3]]);
  });

  it('marks top activations with a bin of -1, which is not sent as a quantile', async () => {
    const top = feature(1, { bin_min: -1, bin_max: 8, bin_contains: -1 });
    const drawn = feature(2, { bin_min: 0.5, bin_max: 1, bin_contains: 0.1 });
    const source = await openDashboards(await batches({ 'batch-0.json': batch(top, drawn) }), place);
    expect(JSON.parse(`{${dashboardFields((await source.read(1)) as never)}}`).activations).toEqual([example]);
    expect((await source.read(2))?.activations).toEqual([
      { ...example, quantileMin: 0.5, quantileMax: 1, quantileFraction: 0.1 },
    ]);
  });

  it('is refused if two batches hold the same feature, or one is for another layer', async () => {
    const path = await batches({
      'batch-0.json': batch(feature(1)),
      'batch-1.json': { ...batch(feature(1)), layer: 3 },
    });
    await expect(openDashboards(path, place)).rejects.toThrow(/appears twice.*for layer 3/s);
  });

  it('is refused if it has no batches or does not exist', async () => {
    await expect(openDashboards(folder, place)).rejects.toThrow('no batch-N.json in this folder');
    await expect(openDashboards(join(folder, 'none'), place)).rejects.toMatchObject({ code: 'file_not_found' });
  });
});
