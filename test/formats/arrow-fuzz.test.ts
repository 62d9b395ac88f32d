import { readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { openTensorFile } from '../../src/formats/open.ts';
import { elementCount } from '../../src/tensor/tensor.ts';
import { dataFiles, seeded, seedOf, tempFolder } from '../fixtures.ts';
import { readLogical } from '../tensor/logical-order.ts';

const mutationsEach = 80;
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

const extremes = [-1n, 0n, 1n, 7n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, -(2n ** 63n)];

/** Damages a copy: a byte, a whole number that means something where it stands, or the end. */
function mutate(whole: Buffer, random: () => number): { what: string; bytes: Buffer } {
  const below = (limit: number) => Math.floor(random() * limit);
  const kind = random();
  if (kind < 0.1) {
    const length = below(whole.length);
    return { what: `cut to ${length} bytes`, bytes: whole.subarray(0, length) };
  }
  if (kind < 0.15) return { what: '16 bytes more', bytes: Buffer.concat([whole, whole.subarray(0, 16)]) };
  const bytes = Buffer.from(whole);
  if (kind < 0.55) {
    const at = below(whole.length);
    bytes[at] = below(256);
    return { what: `byte ${at} from ${whole[at]} to ${bytes[at]}`, bytes };
  }
  const at = 4 * below(Math.floor((whole.length - 8) / 4));
  const value = extremes[below(extremes.length)]!;
  if (kind < 0.8) bytes.writeInt32LE(Number(BigInt.asIntN(32, value)), at);
  else bytes.writeBigInt64LE(value, at);
  return { what: `${kind < 0.8 ? 'int32' : 'int64'} at ${at} to ${value}`, bytes };
}

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
