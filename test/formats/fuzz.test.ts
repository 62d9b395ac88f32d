import { readFileSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { openTensorFile } from '../../src/formats/open.ts';
import { dtypeSize } from '../../src/tensor/dtype.ts';
import { elementCount } from '../../src/tensor/tensor.ts';
import { seeded, seedOf, tempFolder } from '../fixtures.ts';
import { rounds } from '../some.ts';
import { readLogical } from '../tensor/logical-order.ts';
import { fixturesIn } from './promises.ts';

const mutationsEach = rounds(60);

const small = ['npy', 'npz', 'safetensors', 'json']
  .flatMap(fixturesIn)
  .filter(([, path]) => statSync(path).size <= 600);
const chosen = small.filter((_, i) => i % Math.max(1, Math.floor(small.length / 40)) === 0).slice(0, 48);

test('enough small fixtures are damaged', () => {
  expect(chosen.length).toBeGreaterThanOrEqual(40);
});

test.each(chosen)('%s with any damage is refused or lies inside its file', async (name, path) => {
  const whole = readFileSync(path);
  const random = seeded(seedOf(path));
  const damaged = join(await tempFolder(), name.split('/').at(-1)!);
  for (let i = 0; i < mutationsEach; i++) {
    const { what, bytes } = mutate(whole, random);
    await writeFile(damaged, bytes);
    expect(await wrongWith(damaged), `mutation ${i}: ${what}`).toBeUndefined();
  }
});

/** Damages a copy: one byte set (mostly in the header, which is where a reader decides), the end cut off or added to. */
function mutate(whole: Buffer, random: () => number): { what: string; bytes: Buffer } {
  const below = (limit: number) => Math.floor(random() * limit);
  const kind = random();
  if (kind < 0.15) {
    const length = below(whole.length);
    return { what: `cut to ${length} bytes`, bytes: whole.subarray(0, length) };
  }
  if (kind < 0.25) {
    const more = Buffer.from(Array.from({ length: 1 + below(40) }, () => below(256)));
    return { what: `${more.length} bytes more`, bytes: Buffer.concat([whole, more]) };
  }
  const anywhere = below(kind < 0.9 ? Math.min(whole.length, 136) : whole.length);
  // The directory of a zip archive is its header, and lies at its end.
  const at = whole.toString('latin1', 0, 2) === 'PK' && kind < 0.7 ? whole.length - 1 - anywhere : anywhere;
  // Digits and punctuation keep a header readable and change what it means.
  const value = random() < 0.5 ? below(256) : '0123456789,:-()[]{}"\' eELTF<>|=\\'.charCodeAt(below(32));
  const bytes = Buffer.from(whole);
  bytes[at] = value;
  return { what: `byte ${at} from ${whole[at]} to ${value}`, bytes };
}

/** What breaks the promise of openTensorFile: an error that is no AppError of exit code 6, or a tensor out of bounds. */
async function wrongWith(path: string): Promise<unknown> {
  try {
    const file = await openTensorFile(path);
    try {
      for (const tensor of file.tensors.values()) {
        const end = tensor.offset + elementCount(tensor.shape) * dtypeSize(tensor.dtype);
        const { size } = tensor.bytes;
        if (!(tensor.offset >= 0 && end <= size)) return `${tensor.name} ends at ${end} of ${size}`;
        if ((await readLogical(tensor)).length !== elementCount(tensor.shape))
          return `${tensor.name} is not read whole`;
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
