import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { wrapNote } from '../src/cli/display-text.ts';
import { dimensionColumns } from '../src/formats/arrow-dimensions.ts';
import { findDuplicateKey } from '../src/formats/json-keys.ts';
import { openTensorFile } from '../src/formats/open.ts';
import { readSaelensConfig } from '../src/layouts/saelens-config.ts';
import { readYamlScalars } from '../src/layouts/yaml-scalars.ts';
import { safetensorsImage, tempFolder } from './fixtures.ts';

// The texts are a megabyte long: code whose time grows with the square of the length would take minutes to hours.
const length = 1 << 20;
const unclosed = `{"${'\\"'.repeat(length / 2)}`;

it('an unterminated string in a header, a config or JSON does not take quadratic time', async () => {
  expect(findDuplicateKey(unclosed)).toBeUndefined();
  expect(findDuplicateKey(`{"a":1,"a":2,${unclosed}\\`)).toBe('a');
  const folder = await tempFolder();
  await writeFile(join(folder, 'a.safetensors'), safetensorsImage(unclosed, new Uint8Array(8)));
  await writeFile(join(folder, 'a.json'), unclosed);
  await writeFile(join(folder, 'cfg.json'), unclosed);
  for (const name of ['a.safetensors', 'a.json']) {
    await expect(openTensorFile(join(folder, name))).rejects.toMatchObject({ code: 'format_invalid' });
  }
  await expect(readSaelensConfig(join(folder, 'cfg.json'))).rejects.toMatchObject({ code: 'config_invalid' });
});

it('long YAML lines, column names and notes do not take quadratic time', () => {
  expect(readYamlScalars(`a:${' '.repeat(length)}\u2028`).size).toBeLessThanOrEqual(1);
  expect(readYamlScalars(`a: x${' #'.repeat(length / 2)}\u2028`).get('a')).toBe('x');
  expect(readYamlScalars(`a: "x${'"# '.repeat(length / 3)}\u2028`).get('a')).toBe('x');
  const name = `${'1'.repeat(length)}x`;
  expect(
    dimensionColumns([{ name, type: 3, dtype: 'F32', children: [], isDictionary: false } as never]),
  ).toBeUndefined();
  expect(wrapNote('A_'.repeat(length / 2), 80).length).toBeGreaterThan(0);
});
