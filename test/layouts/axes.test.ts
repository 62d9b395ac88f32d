import { expect, test } from 'vitest';
import { configClue, judgeAxes, lengthsOf } from '../../src/layouts/axes.ts';
import { memoryBytes } from '../../src/tensor/byte-source.ts';
import { denseStrides, type Tensor } from '../../src/tensor/tensor.ts';

function tensor(name: string, shape: readonly number[]): Tensor {
  const where = { file: 'cc.safetensors', bytes: memoryBytes(new Uint8Array(0)), offset: 0 };
  return { ...where, name, dtype: 'F32', bigEndian: false, shape, strides: denseStrides(shape) };
}

function judged(
  shape: readonly number[],
  beside: Record<string, readonly number[]>,
  ...more: Parameters<typeof configClue>[]
) {
  const tensors = new Map(Object.entries(beside).map(([name, of]) => [name, tensor(name, of)]));
  return judgeAxes(
    tensor('W_dec', shape),
    tensors,
    more.flatMap((one) => configClue(...one)),
  );
}

const biases = { b_dec: [2, 16], b_enc: [24] };

test.each([
  [[2, 24, 16], 0, 'rows'],
  [[24, 2, 16], 1, 'rows'],
  [[2, 16, 24], 0, 'columns'],
  [[16, 2, 24], 1, 'columns'],
] as const)('biases prove the axes of %j', (shape, headAxis, orientation) => {
  expect(judged(shape, biases).proven).toEqual({
    axes: { headAxis, orientation },
    from: 'b_dec is [2, 16], b_enc has 24 values',
  });
  expect(lengthsOf(shape, { headAxis, orientation })).toEqual({ heads: 2, features: 24, width: 16 });
});

test.each([
  ['only a decoder bias per head', [2, 24, 16], { b_dec: [2, 16] }, 0, 'rows'],
  ['only an encoder bias per head', [24, 2, 16], { b_E: [2, 24] }, 1, 'rows'],
  ['only the encoder', [24, 2, 16], { W_enc: [2, 16, 24] }, 1, 'rows'],
  ['an encoder, but as many heads as features', [4, 4, 8], { b_dec: [4, 8], W_enc: [4, 8, 4] }, undefined, ''],
  ['nothing beside the decoder', [2, 24, 16], {}, undefined, ''],
  ['a bias per feature, but as many heads as features', [2, 2, 16], { b_enc: [2] }, undefined, ''],
] as const)('judges the axes from %s', (_, shape, beside, headAxis, orientation) => {
  const { proven } = judged(shape, beside);
  expect(proven?.axes).toEqual(headAxis === undefined ? undefined : { headAxis, orientation });
});

test('a config proves the axes as a bias does', () => {
  const { proven } = judged([2, 24, 16], {}, ['config.json', { heads: 2, features: 24, width: 16 }]);
  expect(proven).toEqual({
    axes: { headAxis: 0, orientation: 'rows' },
    from: 'config.json says heads 2, features 24, width 16',
  });
});

test('a normaliser, a threshold per head and unset config fields are no clues', () => {
  const beside = { ...biases, activation_mean: [24, 24], threshold: [2], W_skip: [16, 16] };
  expect(judged([2, 24, 16], beside, ['config.json', { heads: undefined, features: null }]).proven?.from).toBe(
    'b_dec is [2, 16], b_enc has 24 values',
  );
});

test.each([[{ b_dec: [2, 17] }], [{ b_dec: [2, 16], b_enc: [25] }], [{ b_dec: [3, 16] }]])(
  '%j fits no reading of [2, 24, 16]',
  (beside) => {
    expect(judged([2, 24, 16], beside)).toMatchObject({ possible: [] });
    expect(judged([2, 24, 16], beside)).not.toHaveProperty('proven');
  },
);
