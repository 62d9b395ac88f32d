import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readDirection } from '../../../src/layouts/direction.ts';
import type { Sae } from '../../../src/layouts/sae.ts';
import type { Orientation } from '../../../src/tensor/tensor.ts';
import { placeOf } from '../../../src/upload/destination.ts';
import { settleMatrix } from '../../../src/upload/kinds/sae-matrix.ts';
import { remarksOn } from '../../../src/upload/kinds/sae-remarks.ts';
import { fixture, opened, safetensorsOf, tempFolder, writeFiles } from '../../fixtures.ts';
import { found } from '../../layouts/found.ts';

const gemma = { id: 'gemma-2-2b', layers: 26, dimension: 2304 };
const tiny = { id: 'tiny-kjv-4l', layers: 4, dimension: 64 };

async function weights(shape: readonly number[]): Promise<string> {
  const folder = await tempFolder();
  await writeFiles(folder, { 'w.safetensors': safetensorsOf({ W: shape }) });
  return join(folder, 'w.safetensors');
}

async function bare(shape: readonly number[]): Promise<Sae> {
  return (await found(await weights(shape)))[0] as Sae;
}

test.each([
  [
    'a transposed decoder',
    [64, 512],
    'rows',
    tiny,
    /another axis has 64 values: .*transposed; try --orientation columns/,
  ],
  ['a decoder transposed the other way', [512, 64], 'columns', tiny, /transposed; try --orientation rows/],
  ['gemma-2b under the name of gemma-2-2b', [6, 2048], 'rows', gemma, /2048 is the width of gemma-2b/],
  ['gemma-2b if no orientation is given', [6, 2048], undefined, gemma, /2048 is the width of gemma-2b.*attention z/],
  ['a bias appended to each vector', [6, 65], 'rows', tiny, /65 is one more than the width: .*bias or intercept/],
  ['an appended bias if no orientation is given', [65, 6], undefined, tiny, /65 is one more than the width/],
  ['a wrong --model or --hook', [6, 63], 'rows', tiny, /check --model and --hook/],
] as const)('the error of a wrong width hints at %s', async (_, shape, said, model, hint) => {
  const sae = await bare(shape);
  expect(() => settleMatrix(sae, said as Orientation | undefined, model, undefined)).toThrow(
    expect.objectContaining({ code: 'wrong_width', hints: [expect.stringMatching(hint)] }),
  );
});

test.each([
  [
    'one row more than the model has layers',
    [27, 2304],
    /row 0 is the embeddings and row r is resid_post of block r - 1 \(row 26: layer 25\)/,
  ],
  ['one row per layer', [26, 2304], /if there is one row per layer, row 25 is layer 25;/],
])('refusing a matrix with %s as a vector explains how its rows map to layers', async (_, shape, hint) => {
  const file = await opened(await weights(shape));
  await expect(readDirection(file, {})).rejects.toMatchObject({
    hints: expect.arrayContaining([expect.stringMatching(hint)]),
  });
});

/** Returns the remarks on an SAE that goes to a model, as they are shown before sending. */
async function remarks(sae: Sae, model: typeof tiny, hook?: string): Promise<string[]> {
  const place = placeOf(sae, { saeId: 'x', model: model.id, layer: sae.layer?.value ?? 1, ...(hook && { hook }) });
  const { matrix } = settleMatrix(sae, 'rows', model, place.hook?.value);
  return remarksOn({ sae, place, model, matrix });
}

test.each([
  [[5, 64], /5 rows, one more than tiny-kjv-4l has layers: hidden states/],
  [[4, 64], /4 rows, and tiny-kjv-4l has as many layers/],
])('a bare matrix %j for a model of 4 layers draws a remark: perhaps one row per layer', async (shape, said) => {
  expect(await remarks(await bare(shape), tiny)).toEqual([expect.stringMatching(said)]);
});

test('hook_z as wide as the model draws the remark that it is not the residual stream', async () => {
  const [sae] = await found(fixture('layouts', 'hook-z'));
  const narrow = { id: 'gpt2-small', layers: 12, dimension: 16 };
  expect(await remarks(sae!, narrow)).toEqual([expect.stringMatching(/by coincidence: .*heads' outputs side by side/)]);
  expect(await remarks(sae!, narrow, 'resid-post')).toEqual([
    'its files say blocks.5.attn.hook_z (blocks.5.attn.hook_z); --hook was taken'.replace(
      '(blocks.5.attn.hook_z)',
      `(${sae!.hook!.from})`,
    ),
  ]);
});

test('there are no remarks on an SAE at a residual hook', async () => {
  const [sae] = await found(fixture('sae-tiny'));
  expect(await remarks(sae!, tiny)).toEqual([]);
});
