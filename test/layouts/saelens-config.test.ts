import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSaelensConfig } from '../../src/layouts/saelens-config.ts';
import { tempFolder } from '../fixtures.ts';

async function configOf(text: string) {
  const path = join(await tempFolder(), 'cfg.json');
  await writeFile(path, text);
  return readSaelensConfig(path);
}

test.each([
  ['', /is not JSON/],
  ['{"d_in": 4,', /is not JSON/],
  ['[]', /the whole file/],
  ['{"d_in": "4"}', /d_in/],
  ['{"d_in": -4}', /d_in/],
  ['{"d_sae": 1.5}', /d_sae/],
  ['{"metadata": {"hook_name": 3}}', /metadata\.hook_name/],
  ['{"metadata": "none"}', /metadata/],
])('the config %s is refused with the field', async (text, message) => {
  const failure = expect(configOf(text)).rejects;
  await failure.toMatchObject({ code: 'config_invalid', exitCode: 6, message: expect.stringMatching(message) });
});

test('fields that are null or absent are absent', async () => {
  const config = await configOf('{"d_in": null, "d_sae": null, "metadata": null, "k": null}');
  expect(config).toEqual({ architecture: 'standard', facts: { architecture: 'standard' } });
});

test('the nested words come before the flat ones', async () => {
  const config = await configOf('{"model_name": "old", "metadata": {"model_name": "new"}, "hook_name": "blocks.1.x"}');
  expect(config).toMatchObject({ modelName: 'new', hookName: 'blocks.1.x' });
});

test('a training config whose k is a fraction is read', async () => {
  expect((await configOf('{"architecture": "batchtopk", "k": 12.5}')).facts).toMatchObject({ k: 12.5 });
});

test('something huge under the name is refused before it is read', async () => {
  const path = join(await tempFolder(), 'cfg.json');
  await writeFile(path, '');
  await truncate(path, 2 ** 40);
  await expect(readSaelensConfig(path)).rejects.toMatchObject({ code: 'config_invalid' });
});

test('a folder under the name is no config', async () => {
  const path = join(await tempFolder(), 'cfg.json');
  await mkdir(path);
  await expect(readSaelensConfig(path)).rejects.toMatchObject({ code: 'file_not_found' });
});

test('what Python writes for numbers that JSON has none for is absent, and a byte order mark is passed over', async () => {
  const config = await configOf(
    '\ufeff{"d_in": 4, "k": NaN, "x": [-Infinity, 1], "hook_name": "blocks.1.NaN \\" Infinity"}',
  );
  expect(config).toMatchObject({ inputWidth: 4, hookName: 'blocks.1.NaN " Infinity' });
  expect(config.facts).toEqual({ architecture: 'standard' });
});

test('a key that stands twice is refused: one of the two is not what was trained', async () => {
  const failure = expect(configOf('{"hook_name": "blocks.1.hook_resid_pre", "hook_name": "blocks.2.hook_resid_pre"}'));
  await failure.rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining('has the key "hook_name" twice'),
  });
});
