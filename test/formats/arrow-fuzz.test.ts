import { readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { openTensorFile } from '../../src/formats/open.ts';
import { elementCount } from '../../src/tensor/tensor.ts';
import { dataFiles, seeded, seedOf, tempFolder } from '../fixtures.ts';
import { rounds } from '../some.ts';
import { readLogical } from '../tensor/logical-order.ts';
import { mutate } from './damage.ts';

const mutationsEach = rounds(80);
const mostValues = 100_000;

const small = dataFiles('arrow').filter(([, path]) => statSync(path).size <= 4000);
const chosen = small.filter((_, i) => i % 2 === 1);

test('enough small fixtures are damaged', () => {
  expect(chosen.length).toBeGreaterThanOrEqual(30);
});

test.each(chosen)('%s with any damage is refused or read within its bounds, in no time', async (name, path) => {
  const whole = readFileSync(path);
  const random = seeded(seedOf(path));
  const damaged = join(await tempFolder(), name.split('/').at(-1)!);
  for (let i = 0; i < mutationsEach; i++) {
    const { what, bytes } = mutate(whole, random);
    await writeFile(damaged, bytes);
    const began = performance.now();
    expect(await wrongWith(damaged), `mutation ${i}: ${what}`).toBeUndefined();
    expect(performance.now() - began, `mutation ${i}: ${what}: milliseconds`).toBeLessThan(5000);
  }
});

async function wrongWith(path: string): Promise<unknown> {
  try {
    const file = await openTensorFile(path);
    try {
      for (const tensor of file.tensors.values()) {
        const count = elementCount(tensor.shape);
        if (!(count <= mostValues)) return `${tensor.name} has ${count} values`;
        if ((await readLogical(tensor)).length !== count) return `${tensor.name} is not read whole`;
        await file.readWhole?.(tensor);
      }
    } finally {
      await file.close();
    }
    return undefined;
  } catch (error) {
    return error instanceof AppError && error.exitCode === 6 ? undefined : error;
  }
}
