import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { findSaes } from '../../src/layouts/find.ts';
import { readYamlScalars } from '../../src/layouts/yaml-scalars.ts';
import { elementCount } from '../../src/tensor/tensor.ts';
import { fixture } from '../fixtures.ts';
import { inspected } from '../inspect/looking.ts';
import { damage, damaged } from './damage.ts';
import { anyJson, isPolluted, jsonLies, withLies } from './json-lies.ts';
import { keepsPromise } from './promise.ts';
import { type Property, property } from './property.ts';

const root = fixture('layouts');
const configs = (readdirSync(root, { recursive: true }) as string[]).filter((name) =>
  /[\\/].*\.(json|yaml)$/.test(name),
);
const json = configs.filter((name) => name.endsWith('.json'));
const yaml = configs.filter((name) => name.endsWith('.yaml'));

/** Copies an SAE's folder and replaces the text of its config. The weights are copied only once. */
function withConfig(folder: string, config: string, text: string | Uint8Array): string {
  const own = join(folder, relative(root, dirname(join(root, config))).replaceAll(/[\\/]/g, '-'));
  if (!existsSync(own)) cpSync(dirname(join(root, config)), own, { recursive: true });
  const path = join(own, config.replace(/^.*[\\/]/, ''));
  writeFileSync(path, text);
  return own;
}

/** Finds the SAEs in a folder, and checks that what is known about each has a valid type and range. */
async function findAll(folder: string): Promise<void> {
  const saes = await findSaes(folder);
  try {
    for (const { decoder, layer, model, hook, head, facts } of saes) {
      expect(elementCount(decoder.shape)).toBeGreaterThan(0);
      if (layer) expect(Number.isSafeInteger(layer.value) && layer.value >= 0).toBe(true);
      for (const known of [model, hook]) if (known) expect(typeof known.value).toBe('string');
      if (head) expect(head.index).toBeLessThan(head.of);
      for (const fact of Object.values(facts)) expect(['string', 'number', 'boolean']).toContain(typeof fact);
    }
  } finally {
    for (const { file } of saes) await file.close();
  }
}

/** Enough for the weights as well, which are kilobytes and are read whole. */
const bytes = 200_000;

/** Runs a check on a folder with another config, then puts the true one back for the next case. */
async function withRestored(
  folder: string,
  config: string,
  text: string | Uint8Array,
  holds: (own: string) => Promise<void>,
) {
  try {
    await holds(withConfig(folder, config, text));
  } finally {
    withConfig(folder, config, readFileSync(join(root, config)));
  }
  expect(isPolluted()).toBe(false);
}

export const layoutProperties: readonly Property[] = [
  property(
    'cfg.json',
    'any JSON anywhere in a config is refused or understood',
    250,
    fc.tuple(fc.constantFrom(...json), jsonLies),
    ([config, lies], { folder }) => {
      const text = withLies(JSON.parse(readFileSync(join(root, config), 'utf8')), lies);
      return withRestored(folder, config, text, async (own) => {
        await keepsPromise({ path: own, bytes }, () => findAll(own));
        await keepsPromise({ path: own, bytes }, () => inspected(own));
      });
    },
  ),
  property(
    'yaml',
    'a damaged config is refused or understood',
    100,
    fc.tuple(fc.constantFrom(...yaml), damage),
    ([config, edits], { folder }) =>
      withRestored(folder, config, damaged(readFileSync(join(root, config)), edits), async (own) => {
        await keepsPromise({ path: own, bytes }, () => findAll(own));
      }),
  ),
  property(
    'yaml',
    'any text is read in no time',
    100,
    fc.array(fc.oneof(anyJson, fc.string(), fc.constantFrom(': ', '  ', '\n', '"', "'", '#', '\t', 'a: b')), {
      maxLength: 30,
    }),
    async (pieces) => {
      const text = pieces.join('');
      await keepsPromise({ path: '', bytes: text.length }, async () => void readYamlScalars(text));
    },
  ),
];
