import { expect, it } from 'vitest';
import { readInOrder } from '../../src/tensor/numbers.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { dataFiles, firstDifference, opened, promisedTensors } from '../fixtures.ts';

const files = [...dataFiles('npy'), ...dataFiles('safetensors')];

/** Whether a value is an integer that a double would round: sidecars have these as strings. */
const isWide = (value: number | string) => typeof value === 'string' && /^-?\d+$/.test(value);

it.each(files)('reads every tensor of %s as doubles in logical order, or refuses to round', async (_name, path) => {
  const file = await opened(path);
  for (const [name, { values }] of promisedTensors(path)) {
    const reading = readInOrder(file.tensors.get(name) as Tensor);
    if (values.some(isWide)) await expect(reading).rejects.toMatchObject({ code: 'format_unsupported' });
    else expect(firstDifference(await reading, values.map(Number))).toBeUndefined();
  }
});
