import { expect, it } from 'vitest';
import { readNumbers } from '../../src/tensor/read-numbers.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { dataFiles, firstDifference, opened, promisedTensors } from '../fixtures.ts';

const files = [...dataFiles('npy'), ...dataFiles('safetensors')];

it.each(files)('reads every tensor of %s as doubles, in logical order', async (_name, path) => {
  const file = await opened(path);
  for (const [name, { values }] of promisedTensors(path)) {
    const found = await readNumbers(file.tensors.get(name) as Tensor);
    expect(firstDifference(found, values.map(Number))).toBeUndefined();
  }
});
