import { readdir } from 'node:fs/promises';
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { openTensorFile, readRows, uploadProbe, uploadSae, uploadVector } from '../../src/index.ts';
import { fixture } from '../fixtures.ts';
import { openBench, place, tiny } from './bench.ts';

// What a script passes may be of any type.
// biome-ignore lint/suspicious/noExplicitAny: these are the mistakes that a type checker would find
type Anything = any;

const values = () => Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));
const hexOf = (given: Float32Array) => Buffer.from(given.buffer, given.byteOffset, given.byteLength).toString('hex');

it('the values of a vector or probe are copied at the call, so that a script may use their array again', async () => {
  const { run, query } = await openBench();
  const buffer = values();
  const upload = { ...run, ...place };
  const sent = [uploadVector(buffer, { ...upload, name: 'a' })];
  buffer.fill(2);
  sent.push(uploadProbe(buffer, { ...upload, name: 'b', concept: 'x' }) as (typeof sent)[0]);
  buffer.fill(3);
  await Promise.all(sent);
  const rows = query('SELECT label, lower(hex(vector)) AS v FROM features ORDER BY label');
  expect(rows).toEqual([
    { label: 'a', v: hexOf(values()) },
    { label: 'b', v: hexOf(new Float32Array(64).fill(2)) },
  ]);
});

it('values that are no Float32Array are refused with how to convert them, and so are too many', async () => {
  const { run } = await openBench();
  const upload = { ...run, ...place, name: 'x' };
  for (const source of [[1, 2], new Float64Array(2), Buffer.alloc(8), null, undefined, '', 5, {}] as Anything[]) {
    await expect(uploadVector(source, upload)).rejects.toMatchObject({
      ...{ code: 'usage', message: expect.stringMatching(/^the source is .*: expected .* or a Float32Array$/s) },
      hints: [expect.stringContaining('Float32Array.from')],
    });
  }
  await expect(uploadVector(new Float32Array(24_577), upload)).rejects.toMatchObject({ code: 'wrong_width' });
});

it('ranges may come in any order and overlap, and each row of them is sent once', async () => {
  const { run, query } = await openBench();
  const features = [
    [100, 120],
    [0, 5],
    [4, 8],
  ] as const;
  for (const sent of [28, 0]) {
    const [end] = await uploadSae(tiny, {
      ...run,
      saeId: 'some',
      features,
      layers: [
        [3, 4],
        [0, 2],
      ],
    });
    expect(end?.report).toMatchObject({ planned: 28, confirmed: 28, sent, end: { type: 'finished' } });
  }
  expect(query('SELECT count(*) AS n, min(idx) AS a, max(idx) AS z FROM features')).toEqual([{ n: 28, a: 0, z: 119 }]);
});

const wrong: Record<string, readonly unknown[]> = {
  server: [undefined, {}, 'http://localhost', { server: {}, http: {} }],
  stateDir: [undefined, '', 5],
  signal: [{}, new AbortController()],
  abort: ['now'],
  settleTimeoutMs: [Number.NaN, -1, '5', null, Number.POSITIVE_INFINITY],
  restart: ['no'],
  onEvent: [5],
  model: ['', 5],
  layer: ['1', null],
  createModel: [Number.NaN, 0, 1.5, '4', 128],
  attributes: [
    ...[null, 'x', { tags: 'x' }, { tags: [5] }, { description: 5 }, { visibility: 'Private' }],
    ...[{ paperUrl: 'x y' }, { metadata: 5 }, { metadata: new Map([['a', 1]]) }, new Map()],
  ],
};

const wrongOfSaes: Record<string, readonly unknown[]> = {
  ...wrong,
  saeId: [undefined, '', 5],
  shard: [
    null,
    4,
    { part: 0, of: 4 },
    { part: 5, of: 4 },
    { part: 1.5, of: 4 },
    { part: 1, of: 1e7 },
    { part: '1', of: 4 },
  ],
  features: [
    ...[[], [0, 3], '0-3', [[3, 1]], [[0, 0]], [[-1, 3]], [[0.5, 3.5]]],
    ...[[[Number.NaN, 3]], [[0, Number.POSITIVE_INFINITY]]],
  ],
  layers: [[], [1], '1', [[2, 1]]],
  heads: [{}, [{ index: 0 }], [{ index: 0.5, model: 'm', layer: 1 }]],
  kind: ['SAE', 5],
  as: ['vector', 'Features', null],
  orientation: ['row', null],
  headAxis: ['middl'],
  sparsityScale: ['log'],
  index: [Number.NaN, -1, '1'],
  hook: ['', 5],
  limits: [null, 5, { rows: '1' }, { inFlight: 0 }],
  label: [''],
  yes: [1],
};

const wrongOfVectors: Record<string, readonly unknown[]> = {
  ...wrong,
  name: [undefined, '', 5],
  strength: [null, '10', 301, Number.NaN],
  hook: [null, 5, '', 'resid', 'hook_mlp_out', 'blocks.2.hook_resid_post'],
  row: [-1, Number.NaN, '0'],
};

const wrongOfProbes = { concept: [undefined, ''], bias: [Number.NaN, '1'], classIndex: [-1], scaling: ['raw'] };

it('every wrong option of an upload is refused by its name before a file is opened or anything is sent', async () => {
  const { run, folder, query } = await openBench();
  const refused = async (work: Promise<unknown>, option: string, value: unknown) => {
    const said = `${option} = ${inspect(value)}`;
    await expect(work, said).rejects.toMatchObject({
      code: 'usage',
      exitCode: 2,
      message: expect.stringContaining(option),
    });
  };
  const sae = { ...run, saeId: 'x' };
  const vector = { ...run, ...place, name: 'x' };
  const missing = 'no-such-file';
  for (const [option, found] of Object.entries(wrongOfSaes))
    for (const value of found) await refused(uploadSae(tiny, { ...sae, [option]: value } as Anything), option, value);
  for (const [option, found] of Object.entries(wrongOfVectors))
    for (const value of found)
      await refused(uploadVector(values(), { ...vector, [option]: value } as Anything), option, value);
  for (const [option, found] of Object.entries(wrongOfProbes))
    for (const value of found)
      await refused(uploadProbe(missing, { ...vector, concept: 'x', [option]: value } as Anything), option, value);
  for (const paths of [[], '', null, undefined, ['a', ''], 5] as Anything[])
    await refused(uploadSae(paths, sae), 'paths', paths);
  for (const nothing of [undefined, null, 5] as Anything[]) {
    await refused(uploadSae(tiny, nothing), 'options', nothing);
    await refused(uploadVector(values(), nothing), 'options', nothing);
  }
  await expect(uploadSae(tiny, { ...sae, shard: { part: 0, of: 4 } })).rejects.toThrow(
    'shard is an object with part 0, of 4: expected { part, of } with whole numbers, 1 <= part <= of <= 1000000',
  );
  const circular: Record<string, unknown> = {};
  circular.self = [circular];
  for (const metadata of [{ a: 1n }, { a: { b: new Map() } }, circular])
    await refused(uploadVector(values(), { ...vector, attributes: { metadata } }), 'metadata', metadata);
  await refused(uploadVector(values(), Object.create(vector)), 'server', 'inherited');
  await refused(uploadSae(tiny, { ...sae, label: 'x' }), 'label', 'x');
  for (const [option, value] of Object.entries({ row: 0, tensor: 'x' }))
    await refused(uploadVector(values(), { ...vector, [option]: value }), option, value);
  for (const [option, value] of Object.entries({ classIndex: 0, scaling: 'as-stored' }))
    await refused(uploadProbe(values(), { ...vector, concept: 'x', [option]: value } as Anything), option, value);
  await refused(uploadVector(values(), { ...vector, server: (async () => ({})) as Anything }), 'server', 'a function');
  expect(query('SELECT count(*) AS n FROM features')).toEqual([{ n: 0 }]);
  expect(await readdir(folder)).not.toContain('state');
});

it('a hook may be spelt as on the command line', async () => {
  const { run, query } = await openBench();
  for (const hook of ['resid_pre', 'hook_resid_pre', 'blocks.1.hook_resid_pre', 'resid-pre']) {
    await uploadVector(values(), { ...run, ...place, name: 'x', hook });
  }
  expect(query('SELECT source FROM features')).toEqual([{ source: '1-neuronpedia-resid-pre' }]);
});

it('readRows refuses an orientation that there is not', async () => {
  const file = await openTensorFile(fixture('sae-tiny', 'sae_weights.safetensors'));
  const rows = readRows(file, { tensor: 'W_dec', orientation: 'row' as Anything });
  await expect(rows.next()).rejects.toMatchObject({ code: 'usage' });
  await file.close();
});

it('a file that was closed is said to be closed', async () => {
  const { run } = await openBench();
  const closed = { code: 'file_unreadable', message: expect.stringMatching(/: was closed before it was read$/) };
  const matrix = await openTensorFile(fixture('sae-tiny', 'sae_weights.safetensors'));
  await matrix.close();
  await expect(readRows(matrix, { tensor: 'W_dec' }).next()).rejects.toMatchObject(closed);
  const vector = await openTensorFile(fixture('vectors/woman-minus-man-64-f32.npy'));
  await vector.close();
  await expect(uploadVector(vector, { ...run, ...place, name: 'x' })).rejects.toMatchObject(closed);
});

it('what is no option is refused, so that no private upload is public for being said in the wrong place', async () => {
  const { run, query } = await openBench();
  const upload = { ...run, ...place, name: 'x' };
  for (const [wrong, message, hint] of [
    [
      { visibility: 'private' },
      'visibility is no option',
      'it belongs into attributes: { attributes: { visibility: … } }',
    ],
    [{ attributes: { visiblity: 'private' } }, 'attributes.visiblity is no option', 'did you mean visibility?'],
    [{ strenght: 5 }, 'strenght is no option', 'did you mean strength?'],
  ] as const) {
    const error = await uploadVector(values(), { ...upload, ...(wrong as Anything) }).catch(
      (thrown: Anything) => thrown,
    );
    expect(error).toMatchObject({ code: 'usage', message });
    expect(error.hints[0]).toBe(hint);
  }
  await uploadVector(values(), {
    ...upload,
    attributes: { metadata: { anything: 1 } },
    ...({ row: undefined } as Anything),
  });
  expect(query('SELECT label FROM features')).toEqual([{ label: 'x' }]);
});
