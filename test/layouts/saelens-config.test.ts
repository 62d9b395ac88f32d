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
])('the config %s is refused with what is wrong in it', async (text, message) => {
  const failure = expect(configOf(text)).rejects;
  await failure.toMatchObject({ code: 'config_invalid', exitCode: 6, message: expect.stringMatching(message) });
});

test('fields that are null count as absent', async () => {
  const config = await configOf('{"d_in": null, "d_sae": null, "metadata": null, "k": null}');
  expect(config).toEqual({ architecture: 'standard', facts: { architecture: 'standard' } });
});

test('nested fields take precedence over flat ones', async () => {
  const config = await configOf('{"model_name": "old", "metadata": {"model_name": "new"}, "hook_name": "blocks.1.x"}');
  expect(config).toMatchObject({ modelName: 'new', hookName: 'blocks.1.x' });
});

test('a training config whose k is a fraction is read', async () => {
  expect((await configOf('{"architecture": "batchtopk", "k": 12.5}')).facts).toMatchObject({ k: 12.5 });
});

test('a huge cfg.json is refused before it is read', async () => {
  const path = join(await tempFolder(), 'cfg.json');
  await writeFile(path, '');
  await truncate(path, 2 ** 40);
  await expect(readSaelensConfig(path)).rejects.toMatchObject({ code: 'config_invalid' });
});

test('a folder called cfg.json is not a config', async () => {
  const path = join(await tempFolder(), 'cfg.json');
  await mkdir(path);
  await expect(readSaelensConfig(path)).rejects.toMatchObject({ code: 'file_not_found' });
});

test('NaN and infinities as Python writes them count as absent, and a byte order mark is ignored', async () => {
  const config = await configOf(
    '\ufeff{"d_in": 4, "k": NaN, "x": [-Infinity, 1], "hook_name": "blocks.1.NaN \\" Infinity"}',
  );
  expect(config).toMatchObject({ inputWidth: 4, hookName: 'blocks.1.NaN " Infinity' });
  expect(config.facts).toEqual({ architecture: 'standard' });
});

test('a duplicate key is refused, as only one of the two values was used in training', async () => {
  const failure = expect(configOf('{"hook_name": "blocks.1.hook_resid_pre", "hook_name": "blocks.2.hook_resid_pre"}'));
  await failure.rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringContaining('has the key "hook_name" twice'),
  });
});
