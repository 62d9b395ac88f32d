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
  ['one transposed the other way', [512, 64], 'columns', tiny, /transposed; try --orientation rows/],
  ["another model's width under the name of gemma-2-2b", [6, 2048], 'rows', gemma, /2048 is the width of gemma-2b/],
  ['the same where no axis fits', [6, 2048], undefined, gemma, /2048 is the width of gemma-2b.*attention z/],
  ['a bias stuck to each vector', [6, 65], 'rows', tiny, /65 is one more than the width: .*bias or intercept/],
  ['the same where no axis fits', [65, 6], undefined, tiny, /65 is one more than the width/],
  ['a width that says nothing', [6, 63], 'rows', tiny, /check --model and --hook/],
] as const)('%s is called that', async (_, shape, said, model, hint) => {
  const sae = await bare(shape);
  expect(() => settleMatrix(sae, said as Orientation | undefined, model, undefined)).toThrow(
    expect.objectContaining({ code: 'wrong_width', hints: [expect.stringMatching(hint)] }),
  );
});

test.each([
  [
    'as many rows as layers and one more',
    [27, 2304],
    /row 0 is the embeddings and row r is resid_post of block r - 1 \(row 26: layer 25\)/,
  ],
  ['a row a layer', [26, 2304], /if there is one row per layer, row 25 is layer 25;/],
])('a matrix of %s where a vector is wanted is told how rows and layers go together', async (_, shape, hint) => {
  const file = await opened(await weights(shape));
  await expect(readDirection(file, {})).rejects.toMatchObject({
    hints: expect.arrayContaining([expect.stringMatching(hint)]),
  });
});

/** What is remarked of an SAE that goes to a model, as it is shown before sending. */
async function remarks(sae: Sae, model: typeof tiny, hook?: string): Promise<string[]> {
  const place = placeOf(sae, { saeId: 'x', model: model.id, layer: sae.layer?.value ?? 1, ...(hook && { hook }) });
  const { matrix } = settleMatrix(sae, 'rows', model, place.hook?.value);
  return remarksOn({ sae, place, model, matrix });
}

test.each([
  [[5, 64], /5 rows, one more than tiny-kjv-4l has layers: hidden states/],
  [[4, 64], /4 rows, and tiny-kjv-4l has as many layers/],
])('a bare matrix %j for a model of 4 layers may be no features', async (shape, said) => {
  expect(await remarks(await bare(shape), tiny)).toEqual([expect.stringMatching(said)]);
});

test('hook_z that happens to be as wide as the model is said not to be its residual stream', async () => {
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

test('nothing is remarked of an SAE at a residual hook', async () => {
  const [sae] = await found(fixture('sae-tiny'));
  expect(await remarks(sae!, tiny)).toEqual([]);
});
