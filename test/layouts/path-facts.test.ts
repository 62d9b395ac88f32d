import { join, sep } from 'node:path';
import { expect, test } from 'vitest';
import { inPath, layerIn, tokenFits } from '../../src/layouts/path-facts.ts';

const path = join(sep, 'data', 'layer_3', 'gemma-scope-2b-pt-res', 'layer_12', 'width_16k');

test('the nearest matching folder gives the fact, and is named as its source', () => {
  expect(layerIn(path, /^layer_(\d+)$/)).toEqual({ value: 12, from: 'folder layer_12' });
  expect(inPath(path, /gemma-scope-(2b|9b)/)).toEqual({ segment: 'gemma-scope-2b-pt-res', groups: ['2b'] });
  expect(layerIn(path, /^block_(\d+)$/)).toBeUndefined();
});

test.each([
  ['16k', 16384, true],
  ['65k', 65536, true],
  ['131k', 131072, true],
  ['524k', 524288, true],
  ['1m', 1048576, true],
  ['80k', 81920, true],
  ['16k', 65536, false],
  ['16k', 2304, false],
  ['1m', 524288, false],
  ['wide', 16384, true],
])('%s may mean %i features: %s', (token, features, fits) => {
  expect(tokenFits(token, features)).toBe(fits);
});
