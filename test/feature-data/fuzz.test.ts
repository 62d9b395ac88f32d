import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { openFeatureData } from '../../src/feature-data/open.ts';
import { rowNumbers } from '../../src/tensor/indices.ts';
import { fixture, seeded, seedOf, tempFolder } from '../fixtures.ts';
import { mutate } from '../formats/damage.ts';

const mutationsEach = 60;
const files = [
  'facts.arrow',
  'facts_zstd.arrow',
  'facts_polars.arrow',
  'facts_views.arrow',
  'facts.npz',
  'facts.safetensors',
  'facts.jsonl',
];
const set = { rows: 16, indices: rowNumbers(16), placeFault: () => undefined };

test.each(files)('%s with any damage is refused, or says what can be sent', async (name) => {
  const whole = readFileSync(fixture('feature-data', name));
  const random = seeded(seedOf(name));
  const damaged = join(await tempFolder(), name);
  let refused = 0;
  for (let i = 0; i < mutationsEach; i++) {
    const { what, bytes } = mutate(whole, random);
    await writeFile(damaged, bytes);
    const wrong = await wrongWith(damaged);
    if (wrong === 'refused') refused++;
    else expect(wrong, `mutation ${i}: ${what}`).toBeUndefined();
  }
  expect(refused).toBeGreaterThan(5);
});

async function wrongWith(path: string): Promise<unknown> {
  try {
    const data = await openFeatureData(path, set, undefined);
    try {
      for (let row = 0; row < set.rows; row++) {
        const facts = await data.read(row);
        const text = JSON.stringify(facts ?? {});
        if (text.includes('null') || !(facts?.density === undefined || (facts.density >= 0 && facts.density <= 1)))
          return text;
      }
    } finally {
      await data.close();
    }
    return undefined;
  } catch (error) {
    return error instanceof AppError && error.exitCode === 6 ? 'refused' : error;
  }
}
