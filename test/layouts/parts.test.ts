import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { safetensorsOf, tempFolder, writeFiles } from '../fixtures.ts';
import { found, sixByFour } from './found.ts';

const { W_enc, ...others } = sixByFour;

/** Makes an SAE in two parts with their index, as Hugging Face saves weights that are too large for one file. */
function inParts(stem: string): Record<string, Uint8Array | object> {
  const [first, second] = [1, 2].map((part) => `${stem}-0000${part}-of-00002.safetensors`) as [string, string];
  const rest = Object.fromEntries(Object.keys(others).map((name) => [name, second]));
  return {
    [first]: safetensorsOf({ W_enc }),
    [second]: safetensorsOf(others),
    [`${stem}.safetensors.index.json`]: { metadata: {}, weight_map: { W_enc: first, ...rest } },
  };
}

/** What the error of an SAE without its second part says. */
const missing = (stem: string) => ({
  code: 'file_not_found',
  message: expect.stringContaining(`${stem}-00002-of-00002.safetensors`),
});

const config = { model_name: 'tiny-kjv-4l', hook_name: 'blocks.1.hook_resid_pre', d_in: 4, d_sae: 6 };

it.each([
  ['SAELens', 'sae_weights', 'cfg.json'],
  ['SAELens', 'model', 'cfg.json'],
])('a %s folder whose %s is saved in parts is one SAE', async (layout, stem, name) => {
  const folder = await tempFolder();
  await writeFiles(folder, { ...inParts(stem), [name]: config });
  for (const path of [folder, join(folder, `${stem}.safetensors.index.json`)]) {
    const saes = await found(path);
    expect(saes).toMatchObject([{ decoder: { name: 'W_dec', shape: [6, 4] } }]);
    if (path === folder || stem === 'sae_weights') expect(saes).toMatchObject([{ layout, layer: { value: 1 } }]);
  }
});

it('a partly downloaded model does not hide SAEs in the folders below it', async () => {
  const folder = await tempFolder();
  const { 'model-00002-of-00002.safetensors': _missing, ...rest } = inParts('model');
  await writeFiles(folder, { ...rest, 'config.json': { model_type: 'llama' } });
  await mkdir(join(folder, 'sae'));
  await writeFiles(join(folder, 'sae'), { 'sae_weights.safetensors': safetensorsOf(sixByFour), 'cfg.json': config });
  expect(await found(folder)).toMatchObject([{ layout: 'SAELens' }]);
  await rm(join(folder, 'sae'), { recursive: true });
  await expect(found(folder)).rejects.toMatchObject(missing('model'));
});

it('a missing part is named however deep it lies', async () => {
  const folder = await tempFolder();
  const deepest = join(folder, 'a/b/c/d/e/f/g/h');
  const { 'sae_weights-00002-of-00002.safetensors': _missing, ...rest } = inParts('sae_weights');
  await mkdir(deepest, { recursive: true });
  // With a second weight file, the one with the missing part is not opened for being the only one.
  await writeFiles(deepest, { ...rest, 'cfg.json': config, 'other.safetensors': safetensorsOf(sixByFour) });
  await expect(found(folder)).rejects.toMatchObject(missing('sae_weights'));
});

it('a sweep with a missing part is an error that names it, not a smaller sweep', async () => {
  const folder = await tempFolder();
  for (const [name, stem] of [
    ['layer_0', 'whole'],
    ['layer_1', 'sae_weights'],
    ['layer_2', 'model'],
  ]) {
    const { [`${stem}-00002-of-00002.safetensors`]: _missing, ...rest } = inParts(stem as string);
    await mkdir(join(folder, name as string));
    const whole = { 'sae_weights.safetensors': safetensorsOf(sixByFour) };
    await writeFiles(join(folder, name as string), { ...(stem === 'whole' ? whole : rest), 'cfg.json': config });
  }
  await expect(found(folder)).rejects.toMatchObject(missing('sae_weights'));
  await rm(join(folder, 'layer_1'), { recursive: true });
  await expect(found(folder)).rejects.toMatchObject(missing('model'));
  await rm(join(folder, 'layer_2'), { recursive: true });
  expect(await found(folder)).toHaveLength(1);
});

it('a folder of nothing but parts and their index is a bare matrix', async () => {
  const folder = await tempFolder();
  await writeFiles(folder, inParts('model'));
  expect(await found(folder)).toMatchObject([{ layout: 'bare matrix', decoder: { shape: [6, 4] } }]);
});
