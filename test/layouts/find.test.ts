import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findSaes } from '../../src/layouts/find.ts';
import { dataFiles, safetensorsOf, tempFolder, writeFiles } from '../fixtures.ts';
import { found, sixByFour } from './found.ts';

function saeIn(folder: string, layer: number): Record<string, object | Uint8Array> {
  return {
    [`${folder}/cfg.json`]: { metadata: { hook_name: `blocks.${layer}.hook_resid_pre` } },
    [`${folder}/sae_weights.safetensors`]: safetensorsOf(sixByFour),
  };
}

test('the layers of a sweep come in the order of their numbers', async () => {
  const folder = await tempFolder();
  for (const layer of [10, 2, 1, 0, 11]) await writeFiles(folder, saeIn(`sweep/layer_${layer}`, layer));
  const saes = await found(folder);
  expect(saes.map(({ layer }) => layer?.value)).toEqual([0, 1, 2, 10, 11]);
  expect(saes.map(({ path }) => path)).toContain(join(folder, 'sweep', 'layer_10'));
});

test('a folder that ends in .pt is looked into like any other', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, saeIn('v5_32k_layer_0.pt', 0));
  expect(await found(folder)).toHaveLength(1);
});

test('what lies beside the SAEs is left alone', async () => {
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
  await expect(found(folder)).rejects.toMatchObject({
    code: 'layout_unknown',
    exitCode: 6,
    message: `${folder}: no SAE found in this folder`,
    hints: [
      expect.stringContaining('sae_weights.safetensors beside cfg.json (SAELens)'),
      'it holds no files',
      expect.stringContaining('named itself'),
    ],
  });
});

test('a path that is not there is not found', async () => {
  const path = join(await tempFolder(), 'missing');
  await expect(found(path)).rejects.toMatchObject({ code: 'file_not_found', exitCode: 6 });
});

test('weights under the SAELens name with a decoder of another shape are an error', async () => {
  const folder = await tempFolder();
  const weights = safetensorsOf({ W_dec: [2, 3, 4] });
  await writeFiles(folder, { 'cfg.json': {}, 'sae_weights.safetensors': weights });
  await expect(found(folder)).rejects.toMatchObject({ code: 'layout_unknown' });
});

const descriptors = '/proc/self/fd';

/** Files of a folder that this process holds open. */
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

test.skipIf(!existsSync(descriptors))('a malformed file is closed again', async () => {
  for (const [, path] of dataFiles('malformed')) {
    const saes = await findSaes(path).catch(() => []);
    for (const { file } of saes) await file.close();
    expect(openBelow(path)).toEqual([]);
  }
});
