import { expect, test } from 'vitest';
import { orientationFromBiases, orientationFromWidth } from '../../src/layouts/orientation.ts';
import { inMemory, type Tensor } from '../../src/tensor/tensor.ts';

function tensor(name: string, shape: readonly number[]): Tensor {
  const stored = inMemory(new Float32Array(0));
  return { ...stored, file: 'weights', name, shape, strides: shape.map(() => 1) };
}

function proof(shape: readonly number[], biases: Record<string, readonly number[]>) {
  const tensors = Object.entries(biases).map(([name, bias]): [string, Tensor] => [name, tensor(name, bias)]);
  return orientationFromBiases(tensor('W_dec', shape), new Map(tensors));
}

test.each([
  [{ b_dec: [4] }, 'rows', 'b_dec has 4 values'],
  [{ b_dec: [6] }, 'columns', 'b_dec has 6 values'],
  [{ b_enc: [6] }, 'rows', 'b_enc has 6 values'],
  [{ b_enc: [4] }, 'columns', 'b_enc has 4 values'],
  [{ threshold: [6] }, 'rows', 'threshold has 6 values'],
  [{ b_dec: [4], b_gate: [6], r_mag: [6] }, 'rows', 'b_dec has 4 values, b_gate has 6 values, r_mag has 6 values'],
  [{ 'decoder.bias': [6], 'encoder.bias': [4] }, 'columns', 'decoder.bias has 6 values, encoder.bias has 4 values'],
])('for shape [6, 4], biases %j prove %s', (biases, value, from) => {
  expect(proof([6, 4], biases)).toEqual({ value, from });
});

test.each([
  ['no biases', [6, 4], {}],
  ['biases under other names', [6, 4], { some: [4] }],
  ['thresholds shared by all features', [6, 4], { threshold: [1], log_jumprelu_threshold: [1] }],
  ['biases that are not vectors', [6, 4], { b_dec: [1, 4], b_enc: [] }],
  ['a square decoder', [4, 4], { b_dec: [4], b_enc: [4] }],
])('the orientation stays open with %s', (_, shape, biases) => {
  expect(proof(shape as number[], biases as Record<string, number[]>)).toBeUndefined();
});

test.each([
  ['a bias fits no axis', { b_dec: [5] }],
  ['two biases prove opposite orientations', { b_dec: [4], b_enc: [4] }],
])('it is a conflict if %s', (_, biases) => {
  expect(proof([6, 4], biases)).toEqual({
    conflict: expect.stringContaining('shape [6,4] fits the biases in neither orientation'),
  });
});

test('a square decoder whose bias has another length is a conflict', () => {
  expect(proof([4, 4], { b_dec: [5] })).toHaveProperty('conflict');
});

test.each([
  [[512, 64], 'rows'],
  [[64, 512], 'columns'],
  [[64, 64], undefined],
  [[512, 128], undefined],
])('shape %j and a width of 64 prove the orientation %s', (shape, value) => {
  const known = orientationFromWidth(tensor('W_dec', shape), 64, 'the model is 64 wide');
  expect(known).toEqual(value && { value, from: 'the model is 64 wide' });
});
