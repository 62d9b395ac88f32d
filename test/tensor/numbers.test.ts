import { expect, test } from 'vitest';
import { readNumbers, shortestDecimal } from '../../src/tensor/numbers.ts';
import { dataFiles, opened, promisedTensors, seeded } from '../fixtures.ts';

const vectorsIn = (path: string) => [...promisedTensors(path)].filter(([, { shape }]) => shape.length === 1);
const filesWithVectors = ['npy', 'safetensors'].flatMap(dataFiles).filter(([, path]) => vectorsIn(path).length > 0);

test('at least 20 fixtures hold vectors', () => {
  expect(filesWithVectors.length).toBeGreaterThanOrEqual(20);
});

test.each(filesWithVectors)('%s: vectors are read exactly or refused', async (_, path) => {
  const file = await opened(path);
  for (const [name, { values }] of vectorsIn(path)) {
    const tensor = file.tensors.get(name)!;
    const isExact = values.every((value) => typeof value === 'number' || /^(NaN|-?Infinity)$/.test(value));
    const reading = readNumbers(tensor, values.length);
    if (isExact) expect([...(await reading)]).toEqual(values.map(Number));
    else await expect(reading).rejects.toMatchObject({ exitCode: 6 });
  }
});

test('shortestDecimal gives the shortest decimal that rounds back to the float32', () => {
  for (const value of [0.05, 0.1, 1e-10, 12.3, -0.000123456, 3.4e38]) {
    expect(shortestDecimal(Math.fround(value))).toBe(value);
  }
  const random = seeded(3);
  for (let i = 0; i < 1000; i++) {
    const value = Math.fround((random() - 0.5) * 10 ** Math.floor(random() * 20 - 10));
    expect(Math.fround(shortestDecimal(value))).toBe(value);
  }
});
