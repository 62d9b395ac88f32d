import { expect, it } from 'vitest';
import { inspectPath } from '../../src/index.ts';
import { tiny } from './bench.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a script passes may be of any type
type Anything = any;

it('inspects a path with nothing else said, against the models that the command line knows', async () => {
  const { saes, findings } = await inspectPath(tiny);
  expect(saes).toMatchObject([{ features: 512, width: 64, fits: ['tiny-kjv-4l'] }]);
  expect(findings).toEqual([]);
  const [other] = (await inspectPath(tiny, { models: [{ id: 'mine', dimension: 64 }] })).saes;
  expect(other?.fits).toEqual(['mine']);
  const asListed = [{ id: 'listed', dimension: 64, layers: 4 }];
  expect((await inspectPath(tiny, { models: asListed })).saes[0]?.fits).toEqual(['listed']);
});

it('ends with the reason of its signal, reports rows, and refuses what cannot be right', async () => {
  const reason = new Error('enough');
  await expect(inspectPath(tiny, { watch: { signal: AbortSignal.abort(reason) } })).rejects.toBe(reason);
  let rows = 0;
  await inspectPath(tiny, { watch: { onRows: (done) => (rows = done) } });
  expect(rows).toBe(512);
  for (const [path, options] of [
    ...[[undefined], ['']],
    ...[{ orientation: 'row' }, { headAxis: 'x' }, { models: [{}] }, { watch: { signal: {} } }].map((one) => [
      tiny,
      one,
    ]),
  ] as Anything[]) {
    await expect(inspectPath(path, options)).rejects.toMatchObject({ code: 'usage' });
  }
});
