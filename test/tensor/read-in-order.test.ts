import { expect, it } from 'vitest';
import { readInOrder } from '../../src/tensor/numbers.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { dataFiles, firstDifference, opened, promisedTensors } from '../fixtures.ts';

const files = [...dataFiles('npy'), ...dataFiles('safetensors')];

/** Integers that a double would round are promised as texts. */
const isWide = (value: number | string) => typeof value === 'string' && /^-?\d+$/.test(value);

it.each(files)('reads every tensor of %s as doubles, in logical order', async (_name, path) => {
  const file = await opened(path);
  for (const [name, { values }] of promisedTensors(path)) {
    const reading = readInOrder(file.tensors.get(name) as Tensor);
    if (values.some(isWide)) await expect(reading).rejects.toMatchObject({ code: 'format_unsupported' });
    else expect(firstDifference(await reading, values.map(Number))).toBeUndefined();
  }
});
