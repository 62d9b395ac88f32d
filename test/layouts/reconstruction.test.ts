import { expect, test } from 'vitest';
import type { TensorFile } from '../../src/formats/format.ts';
import { flatRow, matrixOf } from '../../src/tensor/tensor.ts';
import { fixture, opened, seeded } from '../fixtures.ts';
import { readRows } from '../tensor/logical-order.ts';
import { found } from './found.ts';

/** A trained SAE as the readers give it, with every matrix row after row. */
interface Weights {
  readonly width: number;
  readonly features: number;
  readonly k: number;
  readonly encoder: Float32Array;
  readonly encoderBias: Float32Array;
  readonly decoder: Float32Array;
  readonly decoderBias: Float32Array;
}

async function readWeights(): Promise<Weights> {
  const [sae] = await found(fixture('sae-tiny'));
  const { file, decoder, orientation, facts } = sae!;
  const matrix = matrixOf(decoder, orientation!.value);
  return {
    width: matrix.width,
    features: matrix.rows,
    k: facts.k as number,
    // Columns of W_enc [width, features] are the encoder's vectors.
    encoder: await readRows(matrixOf(file.tensors.get('W_enc')!, 'columns')),
    encoderBias: await readVector(file, 'b_enc'),
    decoder: await readRows(matrix),
    decoderBias: await readVector(file, 'b_dec'),
  };
}

function readVector(file: TensorFile, name: string): Promise<Float32Array> {
  return readRows(flatRow(file.tensors.get(name)!));
}

/** Returns the k features that fire most on an activation, as [feature, strength]. */
function topK(x: Float32Array, { width, features, k, encoder, encoderBias, decoderBias }: Weights): [number, number][] {
  const strengths = Array.from({ length: features }, (_, feature): [number, number] => {
    let sum = encoderBias[feature]!;
    for (let i = 0; i < width; i++) sum += (x[i]! - decoderBias[i]!) * encoder[feature * width + i]!;
    return [feature, Math.max(0, sum)];
  });
  return strengths.sort((a, b) => b[1] - a[1]).slice(0, k);
}

/** Computes the fraction of the activations' variance that the SAE's reconstructions leave unexplained. */
function unexplained(held: Float32Array, weights: Weights, decoderRow: (feature: number) => number): number {
  const { width, decoder, decoderBias } = weights;
  const count = held.length / width;
  const mean = new Float64Array(width);
  held.forEach((value, i) => {
    mean[i % width]! += value / count;
  });
  let [left, all] = [0, 0];
  for (let row = 0; row < count; row++) {
    const x = held.subarray(row * width, (row + 1) * width);
    const made = Float64Array.from(decoderBias);
    for (const [feature, strength] of topK(x, weights)) {
      const from = decoderRow(feature) * width;
      for (let i = 0; i < width; i++) made[i]! += strength * decoder[from + i]!;
    }
    for (let i = 0; i < width; i++) {
      left += (x[i]! - made[i]!) ** 2;
      all += (x[i]! - mean[i]!) ** 2;
    }
  }
  return left / all;
}

async function heldOut(): Promise<Float32Array> {
  const { tensors } = await opened(fixture('sae-tiny', 'held_out.npy'));
  return readRows(matrixOf(tensors.get('')!, 'rows'));
}

test('the stored decoder explains activations that it was not trained on', async () => {
  const left = unexplained(await heldOut(), await readWeights(), (feature) => feature);
  expect(left).toBeLessThan(0.3);
  // From fixtures/README.md: what numpy computed from the same bytes.
  expect(left).toBeCloseTo(0.083, 3);
});

test('a decoder with shuffled rows explains almost nothing', async () => {
  const weights = await readWeights();
  const random = seeded(1);
  const order = Array.from({ length: weights.features }, (_, i) => ({ i, key: random() }));
  order.sort((a, b) => a.key - b.key);
  expect(unexplained(await heldOut(), weights, (feature) => order[feature]!.i)).toBeGreaterThan(0.9);
});

test('a decoder shifted by one row explains almost nothing', async () => {
  const weights = await readWeights();
  const next = (feature: number) => (feature + 1) % weights.features;
  expect(unexplained(await heldOut(), weights, next)).toBeGreaterThan(0.9);
});
