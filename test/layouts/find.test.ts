import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { findSaes } from '../../src/layouts/find.ts';
import { dataFiles, fixture, npyImage, safetensorsImage, safetensorsOf, tempFolder, writeFiles } from '../fixtures.ts';
import { found, sixByFour } from './found.ts';

function saeIn(folder: string, layer: number): Record<string, object | Uint8Array> {
  return {
    [`${folder}/cfg.json`]: { metadata: { hook_name: `blocks.${layer}.hook_resid_pre` } },
    [`${folder}/sae_weights.safetensors`]: safetensorsOf(sixByFour),
  };
}

test('the layers of a sweep are sorted by their numbers', async () => {
  const folder = await tempFolder();
  for (const layer of [10, 2, 1, 0, 11]) await writeFiles(folder, saeIn(`sweep/layer_${layer}`, layer));
  const saes = await found(folder);
  expect(saes.map(({ layer }) => layer?.value)).toEqual([0, 1, 2, 10, 11]);
  expect(saes.map(({ path }) => path)).toContain(join(folder, 'sweep', 'layer_10'));
});

test('a folder whose name ends in .pt is searched like any other', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, saeIn('v5_32k_layer_0.pt', 0));
  expect(await found(folder)).toHaveLength(1);
});

test('other files and folders beside SAEs are ignored', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, {
    ...saeIn('a', 4),
    'a/sparsity.safetensors': safetensorsOf({ sparsity: [6] }),
    'a/runner_cfg.json': { sae: {} },
    'a/nested/cfg.json': {},
    'b/activations_store_state.safetensors': safetensorsOf({ storage: [3, 3] }),
    'b/cfg.json': {},
    'c/sae_weights.safetensors': safetensorsOf(sixByFour),
  });
  expect((await found(folder)).map(({ path }) => path)).toEqual([join(folder, 'a')]);
});

test('a folder without an SAE is an error that says what was looked for', async () => {
  const folder = await tempFolder();
  await mkdir(join(folder, 'empty'));
  const error = { code: 'layout_unknown', exitCode: 6, message: `${folder}: no SAE found in this folder` };
  const named = expect.stringContaining('to use a single weight file, give its own path');
  await expect(found(folder)).rejects.toMatchObject({ ...error, hints: ['it holds no files', named] });
  await writeFiles(folder, { 'notes.txt': new Uint8Array(1) });
  const looked = expect.stringContaining('sae_weights.safetensors beside cfg.json (SAELens)');
  await expect(found(folder)).rejects.toMatchObject({ ...error, hints: ['it holds notes.txt', named, looked] });
});

test('the error for a folder without an SAE lists the first eight files in it', async () => {
  const folder = await tempFolder();
  const files = Array.from({ length: 10 }, (_, i) => [`x/file_${i}.json`, {}]);
  await writeFiles(folder, Object.fromEntries(files));
  await expect(found(folder)).rejects.toMatchObject({
    hints: [
      `it holds ${join('x', 'file_0.json')}, ${listed(1, 7)} and 2 more`,
      expect.anything(),
      expect.stringMatching(/^looked for /),
    ],
  });
});

function listed(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, i) => join('x', `file_${from + i}.json`)).join(', ');
}

test('a sparsity file beside weights is not an SAE, in lower or upper case', async () => {
  for (const beside of ['sparsity.npy', 'SPARSITY.NPY']) {
    const folder = await tempFolder();
    const bytes = await readFile(fixture('feature-data', 'rows.npy'));
    for (const name of ['W_dec.npy', beside]) await writeFile(join(folder, name), bytes);
    expect((await found(folder)).map(({ path }) => path)).toEqual([join(folder, 'W_dec.npy')]);
  }
});

test('checkpoints below an SAE are not SAEs of their own', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, { ...saeIn('run', 1), ...saeIn('run/checkpoint_1000', 1) });
  expect((await found(folder)).map(({ path }) => path)).toEqual([join(folder, 'run')]);
});

test('SAEs are found below a model whose files have the names of an SAE layout', async () => {
  const folder = await tempFolder();
  const model = { 'config.json': {}, 'model.safetensors': safetensorsOf({ 'wte.weight': [4, 4] }) };
  await writeFiles(folder, { ...model, ...saeIn('saes/layer_1', 1) });
  expect((await found(folder)).map(({ path }) => path)).toEqual([join(folder, 'saes', 'layer_1')]);
});

test('a link to a weight file, as in a download cache, counts under the name of the link', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, { 'blobs/a1': safetensorsOf(sixByFour), 'snapshot/layer_2/cfg.json': {} });
  await symlink(join(folder, 'blobs', 'a1'), join(folder, 'snapshot', 'layer_2', 'sae_weights.safetensors'));
  expect(await found(join(folder, 'snapshot'))).toMatchObject([{ layout: 'SAELens' }]);
});

test('two weight files of no known layout are refused, not guessed between', async () => {
  const folder = await tempFolder();
  const weights = safetensorsOf({ W_dec: [6, 4] });
  await writeFiles(folder, { 'W_dec.safetensors': weights, 'W_dec_bf16.safetensors': weights });
  await expect(found(folder)).rejects.toMatchObject({
    code: 'layout_unknown',
    hints: [
      'it holds W_dec.safetensors, W_dec_bf16.safetensors',
      expect.anything(),
      expect.stringMatching(/^looked for /),
    ],
  });
});

test('weights without their config are read as far as their names tell', async () => {
  const folder = await tempFolder();
  const linear = safetensorsOf({ 'encoder.weight': [6, 4], 'decoder.weight': [4, 6] });
  await writeFiles(folder, { 'a/checkpoints/final.safetensors': linear, 'b/ae.safetensors': linear });
  const saes = await found(folder);
  expect(saes.map(({ path }) => path)).toEqual([join(folder, 'a'), join(folder, 'b')]);
  for (const sae of saes) expect(sae).toMatchObject({ orientation: { value: 'columns' }, facts: {} });
  for (const sae of saes) expect(sae).not.toHaveProperty('layer');
});

test.each([
  ['SAELens', 'cfg.json', { hook_name: 'blocks.3.hook_resid_pre' }, sixByFour],
  ['sparsify', 'cfg.json', { num_latents: 6 }, { 'encoder.weight': [6, 4], W_dec: [6, 4] }],
  [
    'dictionary_learning',
    'config.json',
    { trainer: { layer: 3 } },
    { 'encoder.weight': [6, 4], 'decoder.weight': [4, 6] },
  ],
  ['OpenMOSS', 'config.json', { hook_point_in: 'blocks.3.hook_resid_pre' }, { W_E: [4, 6], W_D: [6, 4] }],
  [
    'ckkissane crosscoder',
    'cfg.json',
    { hook_point: 'blocks.3.hook_resid_pre' },
    { W_enc: [2, 4, 6], W_dec: [6, 2, 4] },
  ],
  ['dictionary_learning crosscoder', 'config.json', {}, { 'encoder.weight': [2, 4, 6], 'decoder.weight': [2, 6, 4] }],
])('%s: renamed weights are recognised by the config beside them', async (layout, config, says, shapes) => {
  const folder = await tempFolder();
  for (const run of ['run_0', 'run_1']) {
    await writeFiles(folder, {
      [`${run}/my-weights.safetensors`]: safetensorsOf(shapes),
      [`${run}/${config}`]: says,
    });
  }
  const saes = await found(folder);
  expect(new Set(saes.map(({ path }) => path)).size).toBe(2);
  for (const sae of saes) expect(sae.layout).toBe(layout);
});

test('an encoder without a decoder is refused with that reason', async () => {
  const folder = await tempFolder();
  const weights = safetensorsOf({ 'encoder.weight': [6, 4], 'encoder.bias': [6] });
  await writeFiles(folder, { 'layers.3/cfg.json': {}, 'layers.3/sae.safetensors': weights });
  await expect(found(folder)).rejects.toMatchObject({ message: expect.stringContaining('an encoder only') });
});

test.each([
  ['sparsify', 'sae.safetensors', 'cfg.json', { num_latents: 7, d_in: 4 }, { W_dec: [6, 4], b_dec: [4] }],
  ['dictionary_learning', 'ae.safetensors', 'config.json', { trainer: { dict_size: 7 } }, sixByFour],
  [
    'OpenMOSS',
    'sae_weights.safetensors',
    'config.json',
    { d_model: 4, expansion_factor: 1.75 },
    { W_D: [6, 4], b_D: [4] },
  ],
  ['Gemma Scope 2', 'params.safetensors', 'config.json', { width: 7 }, { w_dec: [6, 4], b_dec: [4] }],
])('%s: a config that contradicts the weights is an error with both numbers', async (_, name, config, says, shapes) => {
  const folder = await tempFolder();
  await writeFiles(folder, { [name]: safetensorsOf(shapes), [config]: says });
  await expect(found(folder)).rejects.toMatchObject({
    code: 'layout_unknown',
    message: expect.stringMatching(/says 7 features, \w+ has 6/),
  });
});

test('Gemma Scope 2: a file name tells what a folder name would', async () => {
  const folder = await tempFolder();
  const name = 'gemma-scope-2-4b-pt/resid_post/layer_17_width_16k_l0_medium.safetensors';
  await writeFiles(folder, { [name]: safetensorsOf({ w_dec: [6, 4], b_dec: [4] }) });
  expect(await found(folder)).toMatchObject([
    {
      layout: 'Gemma Scope 2',
      model: { value: 'google/gemma-3-4b-pt' },
      layer: { value: 17, from: 'file layer_17_width_16k_l0_medium.safetensors' },
      doubts: ['it has 6 features, but its path says layer_17_width_16k_l0_medium.safetensors'],
    },
  ]);
});

test('Gemma Scope 2: the folder tells, however the path is written', async () => {
  const folder = join(await tempFolder(), 'gemma-scope-2-4b-pt/resid_post/layer_17_width_16k_l0_medium');
  await writeFiles(folder, { 'params.safetensors': safetensorsOf({ w_dec: [6, 4], b_dec: [4] }) });
  for (const path of [folder, relative(process.cwd(), join(folder, 'params.safetensors'))]) {
    expect(await found(path)).toMatchObject([
      {
        layer: { value: 17, from: 'folder layer_17_width_16k_l0_medium' },
        doubts: [expect.stringContaining('6 features')],
      },
    ]);
  }
});

test('a missing path is reported as not found', async () => {
  const path = join(await tempFolder(), 'missing');
  await expect(found(path)).rejects.toMatchObject({ code: 'file_not_found', exitCode: 6 });
});

test('weights under the SAELens name with a 3-D decoder are an error', async () => {
  const folder = await tempFolder();
  const weights = safetensorsOf({ W_dec: [2, 3, 4] });
  await writeFiles(folder, { 'cfg.json': {}, 'sae_weights.safetensors': weights });
  await expect(found(folder)).rejects.toMatchObject({ code: 'layout_unknown' });
});

const descriptors = '/proc/self/fd';

/** Lists the files at or below a path that this process holds open. */
function openBelow(folder: string): string[] {
  const targets = readdirSync(descriptors).map((fd) => {
    try {
      return readlinkSync(join(descriptors, fd));
    } catch {
      return '';
    }
  });
  return targets.filter((target) => target.startsWith(folder));
}

test.skipIf(!existsSync(descriptors))('one bad SAE among several leaves no file open', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, { ...saeIn('layer_0', 0), ...saeIn('layer_1', 1), ...saeIn('layer_2', 2) });
  await writeFiles(folder, { 'layer_2/cfg.json': { d_in: 5 } });
  await expect(findSaes(folder)).rejects.toMatchObject({ code: 'layout_unknown' });
  expect(openBelow(folder)).toEqual([]);
});

test.skipIf(!existsSync(descriptors))('malformed files are closed again', async () => {
  for (const [, path] of dataFiles('malformed')) {
    const saes = await findSaes(path).catch(() => []);
    for (const { file } of saes) await file.close();
    expect(openBelow(path)).toEqual([]);
  }
});

test('a link to a folder is followed, unless the folder was searched already', async () => {
  const [folder, elsewhere] = [await tempFolder(), await tempFolder()];
  await writeFiles(folder, saeIn('layer_0', 0));
  await writeFiles(elsewhere, saeIn('layer_1', 1));
  await symlink(join(elsewhere, 'layer_1'), join(folder, 'layer_1'));
  await symlink(folder, join(folder, 'loop'));
  const saes = await found(folder);
  expect(saes.map(({ path }) => path)).toEqual([join(folder, 'layer_0'), join(folder, 'layer_1')]);
});

test('model, hook and k are read under the names of a dictionary_learning fork', async () => {
  const folder = await tempFolder();
  const config = { model_name: 'gpt2-small', hook_point: 'blocks.8.hook_resid_pre', layer: 8, dict_size: 6, top_k: 32 };
  await writeFiles(folder, { 'config.json': config, 'sae.safetensors': safetensorsOf(sixByFour) });
  const [sae] = await found(folder);
  expect(sae).toMatchObject({
    ...{ model: { value: 'gpt2-small' }, layer: { value: 8 }, hook: { value: 'blocks.8.hook_resid_pre' } },
    facts: { k: 32 },
  });
});

/** Returns what is warned about while the SAEs of a folder are found. */
async function warnedOf(folder: string): Promise<string[]> {
  const warnings: string[] = [];
  for (const { file } of await findSaes(folder, {}, ({ message }) => warnings.push(message))) await file.close();
  return warnings;
}

test('a folder of a sweep that gives no SAE is named: no weights, no config, or a pickle', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, {
    ...saeIn('layer_0', 0),
    ...saeIn('layer_1', 1),
    'layer_2/cfg.json': {},
    'layer_3/sae_weights.safetensors': safetensorsOf(sixByFour),
    'layer_4/sae.pt': new Uint8Array(1),
    'results/all.pkl': new Uint8Array(1),
    'model/cfg.json': {},
    'layer_5/optimizer_state.pt': new Uint8Array(1),
    'logs/notes.json': {},
    'deep/er/cfg.json': {},
    'deep/er/sae.pt': new Uint8Array(1),
  });
  expect(await warnedOf(folder)).toEqual([
    'layer_2 is left out, unlike the folders beside it: of their files it has only cfg.json',
    'layer_3 is left out, unlike the folders beside it: of their files it has only sae_weights.safetensors',
    'layer_4 is left out, unlike the folders beside it: sae.pt is a pickle, which is never loaded',
  ]);
});

test('a doubt about indices stays beside one about the path', async () => {
  const folder = join(await tempFolder(), 'gemma-scope-2-1b-pt', 'resid_post', 'layer_3_width_16k_l0_small');
  const header = {
    w_dec: { dtype: 'F32', shape: [6, 4], data_offsets: [0, 96] },
    indices: { dtype: 'I64', shape: [6], data_offsets: [96, 144] },
  };
  await writeFiles(folder, { 'params.safetensors': safetensorsImage(JSON.stringify(header), new Uint8Array(144)) });
  const doubts = [expect.stringContaining('"indices"'), expect.stringContaining('its path says')];
  expect((await found(folder))[0]?.doubts).toEqual(doubts);
});

test('a folder that only holds the folders of SAEs is not left out, whatever its config', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, { ...saeIn('a', 0), ...saeIn('b/c', 1), 'b/cfg.json': {}, 'b/old.pt': new Uint8Array(1) });
  expect(await warnedOf(folder)).toEqual([]);
});

test('a pickle without a converted file beside it is not passed over for some other array', async () => {
  const folder = await tempFolder();
  const matrix = npyImage('<f4', false, [6, 4], new Uint8Array(96));
  await writeFiles(folder, { 'ae.pt': new Uint8Array(1), 'mean_acts.npy': matrix });
  await expect(found(folder)).rejects.toMatchObject({
    code: 'format_unsupported',
    message: expect.stringContaining('pickles, which are never loaded: ae.pt'),
    hints: [expect.stringContaining('torch.load("ae.pt"'), expect.stringContaining('mean_acts.npy')],
  });
  await writeFiles(folder, { 'mean_acts.pt': new Uint8Array(1) });
  await rm(join(folder, 'ae.pt'));
  expect(await found(folder)).toHaveLength(1);
});

test('how to convert a pickle of pickle or joblib depends on what is in it', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, { 'probe.joblib': new Uint8Array(1) });
  await expect(found(folder)).rejects.toMatchObject({
    hints: [`to see how to convert such a file, give its own path: ${join(folder, 'probe.joblib')}`],
  });
});

test('the parts of a Hugging Face dataset are not files of their own', async () => {
  const folder = await tempFolder();
  const parts = ['data-00000-of-00002.arrow', 'data-00001-of-00002.arrow'].map((name) => [name, new Uint8Array(1)]);
  await writeFiles(folder, Object.fromEntries(parts));
  await expect(found(folder)).rejects.toMatchObject({
    hints: expect.arrayContaining([expect.stringContaining('num_shards=1')]),
  });
});

test('a weight file that is named has the config beside it, whatever its name', async () => {
  const folder = await tempFolder();
  const config = { model_name: 'gpt2-small', hook_name: 'blocks.3.hook_resid_pre', hook_layer: 3 };
  await writeFiles(folder, { 'cfg.json': config, 'my_weights.safetensors': safetensorsOf(sixByFour) });
  const [sae] = await found(join(folder, 'my_weights.safetensors'));
  expect(sae).toMatchObject({ layout: 'SAELens', layer: { value: 3 }, model: { value: 'gpt2-small' } });
});

test('a weight file that is named does not believe a config that is not its own', async () => {
  const shapes = { W_enc: [4, 6], W_dec: [4, 6] };
  for (const config of [{ foo: 1 }, { model_name: 5 }, { d_sae: 99, model_name: 'gpt2-small' }]) {
    const folder = await tempFolder();
    await writeFiles(folder, { 'cfg.json': config, 'config.json': config, 'W.safetensors': safetensorsOf(shapes) });
    const [sae] = await found(join(folder, 'W.safetensors'));
    expect(sae?.layout).toBe('bare matrix');
    expect(sae).not.toHaveProperty('orientation');
  }
});

test('a weight file that is named does not take the config of another one in the folder', async () => {
  const folder = await tempFolder();
  const config = { model_name: 'gpt2-small', hook_name: 'blocks.3.hook_resid_post', hook_layer: 3 };
  const image = safetensorsOf(sixByFour);
  await writeFiles(folder, { 'cfg.json': config, 'first.SAFETENSORS': image, 'other.safetensors': image });
  for (const name of ['first.SAFETENSORS', 'other.safetensors']) {
    const [sae] = await found(join(folder, name));
    expect(sae).toMatchObject({ layout: 'bare matrix', doubts: [expect.stringMatching(/^cfg.json .* was not used/)] });
    expect(sae).not.toHaveProperty('layer');
  }
  await writeFiles(folder, { 'cfg.json': Buffer.from('{') });
  expect((await found(join(folder, 'other.safetensors')))[0]).not.toHaveProperty('doubts');
});

test('a weight file that is named has the config beside it if the other arrays there are of another format', async () => {
  const folder = await tempFolder();
  const config = { model_name: 'gpt2-small', hook_name: 'blocks.3.hook_resid_post', hook_layer: 3 };
  const density = npyImage('<f4', false, [6], new Uint8Array(24));
  await writeFiles(folder, {
    'cfg.json': config,
    'mine.safetensors': safetensorsOf(sixByFour),
    'density.npy': density,
    'facts.npz': new Uint8Array(1),
  });
  expect((await found(join(folder, 'mine.safetensors')))[0]?.layer?.value).toBe(3);
});

test('a pickle of something else beside the only array hides nothing, and a finished SAE comes before its checkpoints', async () => {
  const folder = await tempFolder();
  const matrix = npyImage('<f4', false, [6, 4], new Uint8Array(96));
  await writeFiles(folder, { 'W_dec.npy': matrix, 'tokens.pt': new Uint8Array(1), 'log.pkl': new Uint8Array(1) });
  await writeFiles(folder, { 'scheduler.pt': new Uint8Array(1), 'scaler.pt': new Uint8Array(1) });
  expect(await found(folder)).toHaveLength(1);
  const run = await tempFolder();
  const image = safetensorsOf(linear);
  await writeFiles(run, { 'config.json': {}, 'ae.safetensors': image, 'ae_1000.safetensors': image });
  expect(await found(run)).toHaveLength(1);
});

const linear = { 'encoder.weight': [6, 4], 'encoder.bias': [6], 'decoder.weight': [4, 6], bias: [4] } as const;

test('a checkpoint of dictionary_learning has the config of the folder above', async () => {
  const folder = await tempFolder();
  const trainer = { lm_name: 'pythia-70m', layer: 3, submodule_name: 'resid_post', dict_size: 6, activation_dim: 4 };
  await writeFiles(folder, {
    'trainer_0/config.json': { trainer },
    'trainer_0/checkpoints/ae_1000.safetensors': safetensorsOf(linear),
  });
  const [sae, ...more] = await found(folder);
  expect(more).toEqual([]);
  expect(sae).toMatchObject({ layer: { value: 3 }, hook: { value: 'blocks.3.hook_resid_post' } });
  const [named] = await found(join(folder, 'trainer_0/checkpoints/ae_1000.safetensors'));
  expect(named?.model?.value).toBe('pythia-70m');
  await writeFiles(folder, { 'trainer_0/checkpoints/config.json': { trainer: { ...trainer, layer: 5 } } });
  expect((await found(folder))[0]?.layer?.value).toBe(5);
});

test.each([
  ['resid_post_layer_3', undefined, 3, 'blocks.3.hook_resid_post'],
  ['resid_post_3', undefined, 3, 'blocks.3.hook_resid_post'],
  ['attn_out_layer3', undefined, 3, 'blocks.3.hook_attn_out'],
  ['mlp_out', '3', 3, 'blocks.3.hook_mlp_out'],
  ['model.layers.3', 3, 3, 'blocks.3.hook_resid_post'],
  ['gpt_neox.layers.3', undefined, 3, 'blocks.3.hook_resid_post'],
  ['', '', undefined, undefined],
  ['resid_post', [1, 2], undefined, 'resid_post'],
])('dictionary_learning: submodule %j of layer %j', async (submodule_name, layer, expected, hook) => {
  const folder = await tempFolder();
  await writeFiles(folder, {
    'config.json': { trainer: { submodule_name, layer, lm_name: 'x' } },
    'ae.safetensors': safetensorsOf(linear),
  });
  const [sae] = await found(folder);
  expect({ layer: sae?.layer?.value, hook: sae?.hook?.value }).toEqual({ layer: expected, hook });
});

test.each([
  ['hook_mlp_out', 'blocks.2.hook_mlp_out'],
  ['blocks.{layer}.hook_mlp_out', 'blocks.2.hook_mlp_out'],
  ['model.layers.{layer}.post_feedforward_layernorm.output', 'blocks.2.hook_mlp_out'],
  ['layers.*.mlp', 'layers.2.mlp'],
])('circuit-tracer: hook %j', async (name, hook) => {
  const folder = await tempFolder();
  const tensors = { W_enc: [6, 4], W_dec: [6, 4], b_enc: [6], b_dec: [4] };
  await writeFiles(folder, {
    'config.yaml': new TextEncoder().encode(`feature_output_hook: "${name}"\n`),
    'layer_2.safetensors': safetensorsOf(tensors),
  });
  expect((await found(folder))[0]).toMatchObject({ kind: 'transcoder', hook: { value: hook } });
});

test('layer_N.safetensors without a config is a transcoder only if its encoder lies as circuit-tracer has it', async () => {
  const folder = await tempFolder();
  const tracers = { W_enc: [6, 4], W_dec: [6, 4], b_enc: [6], b_dec: [4] };
  await writeFiles(folder, {
    'layer_1.safetensors': safetensorsOf(tracers),
    'layer_2.safetensors': safetensorsOf(sixByFour),
  });
  expect((await found(folder)).map(({ kind }) => kind)).toEqual(['transcoder', 'sae']);
});

test.each([
  [{ skip_connection: true }, {}, 'transcoder'],
  [{ transcode: false, skip_connection: true }, {}, 'sae'],
  [{}, { transcode: true }, 'transcoder'],
  [{}, { sae: { transcode: true } }, 'transcoder'],
  [{}, {}, 'sae'],
])('sparsify: cfg.json %j in a run of %j is a %s', async (config, run, kind) => {
  const folder = await tempFolder();
  const tensors = { 'encoder.weight': [6, 4], 'encoder.bias': [6], W_dec: [6, 4], b_dec: [4] };
  await writeFiles(folder, {
    'config.json': run,
    'layers.3/cfg.json': config,
    'layers.3/sae.safetensors': safetensorsOf(tensors),
  });
  expect((await found(folder))[0]?.kind).toBe(kind);
});

test('Qwen Scope: the config beside its layers says model and hook', async () => {
  const folder = await tempFolder();
  const config = { base_model: 'Qwen/Qwen3-1.7B-Base', hook_point: 'resid_post', d_model: 4, d_sae: 6, k: 50 };
  const tensors = { W_enc: [6, 4], W_dec: [4, 6], b_enc: [6], b_dec: [4] };
  await writeFiles(folder, { 'config.json': config, 'layer3.sae.safetensors': safetensorsOf(tensors) });
  expect((await found(folder))[0]).toMatchObject({
    model: { value: 'Qwen/Qwen3-1.7B-Base' },
    hook: { value: 'blocks.3.hook_resid_post' },
    facts: { k: 50 },
  });
});

test.each([{ base_model: ['a'] }, { d_model: 512, hidden_size: 512 }, [1]])(
  'Qwen Scope: a config of something else is passed over: %j',
  async (config) => {
    const folder = await tempFolder();
    const tensors = { W_enc: [6, 4], W_dec: [4, 6], b_enc: [6], b_dec: [4] };
    await writeFiles(folder, { 'config.json': config, 'layer3.sae.safetensors': safetensorsOf(tensors) });
    expect((await found(folder))[0]).toMatchObject({ layout: 'Qwen Scope', layer: { value: 3 } });
  },
);

test('both halves of a cross-layer transcoder are refused, but not a matrix of that name', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, { 'W_enc_2.safetensors': safetensorsOf({ W_enc_2: [6, 4], b_enc_2: [6] }) });
  await expect(found(folder)).rejects.toMatchObject({ code: 'cannot_be_stored', hints: [] });
  await writeFiles(folder, { 'x/W_dec_2.safetensors': safetensorsOf({ W_dec_2: [6, 4] }) });
  const [sae] = await found(join(folder, 'x', 'W_dec_2.safetensors'));
  expect(sae?.decoder.name).toBe('W_dec_2');
});
