import { describe, expect, it } from 'vitest';
import { countRows, eachRow } from '../../src/tensor/ranges.ts';
import { compareContent } from '../../src/upload/compare-content.ts';
import { chanceToNotice, randomRows } from '../../src/upload/sample.ts';
import { seededRandom } from '../seeded-random.ts';

const random = seededRandom(11);
const below = (most: number) => Math.floor(random() * most);

/** Computes the chance to notice by counting the samples without a wrong row among all samples. */
function counted(total: number, size: number): number {
  const choose = (n: number, k: number): number => (k < 0 || k > n ? 0 : k === 0 ? 1 : (choose(n - 1, k - 1) * n) / k);
  const wrong = Math.ceil(total / 100);
  return 1 - choose(total - wrong, size) / choose(total, size);
}

describe('a sample', () => {
  it('has the size asked for, and each of the given rows is equally likely to be in it', () => {
    const rows = [
      [10, 25],
      [40, 45],
    ] as const;
    const drawn = new Map<number, number>();
    for (let round = 0; round < 4000; round++) {
      const sample = randomRows(rows, 6, below);
      expect(countRows(sample)).toBe(6);
      for (const row of eachRow(sample)) drawn.set(row, (drawn.get(row) ?? 0) + 1);
    }
    expect([...drawn.keys()].sort((a, b) => a - b)).toEqual([...eachRow(rows)]);
    // 1,200 are expected of each, with a standard deviation of 29; six of those are allowed.
    for (const times of drawn.values()) expect(Math.abs(times - 1200)).toBeLessThan(174);
    expect(randomRows(rows, 20, below)).toBe(rows);
    expect(randomRows(rows, Number.POSITIVE_INFINITY, below)).toBe(rows);
    expect(randomRows([], 5, below)).toEqual([]);
  });

  it('notices one wrong row in a hundred with the chance that counting all samples gives', () => {
    for (const [total, size] of [
      [150, 40],
      [200, 10],
      [201, 199],
      [90, 45],
    ] as const) {
      expect(chanceToNotice(total, size)).toBeCloseTo(counted(total, size), 10);
    }
    expect(chanceToNotice(100, 100)).toBe(1);
    expect(chanceToNotice(131_072, 512)).toBeCloseTo(1 - 0.99 ** 512, 3);
  });
});

describe('comparing a row with what was sent', () => {
  const acts = [
    { tokens: ['a', 'b'], values: [0.1, 2] },
    { tokens: ['c'], values: [1] },
  ];
  const row = {
    ...{ index: 3, vector: [0.1, -2], name: 'n', density: 0.25, metadata: { l0: 1, dead: false }, activations: acts },
    ...{ topLogits: [{ token: 'x', value: 1 }], explanations: [{ text: 'says' }] },
  };
  const whole = { modelId: 'm', source: '1-s', license: 'MIT', metadata: { l0: 5 }, tags: ['t'] };
  const found = {
    ...{
      vector: [Math.fround(0.1), -2],
      name: 'n',
      frac_nonzero: 0.25,
      metadata: { dead: false, l0: 1 },
      license: 'MIT',
    },
    ...{ sourceMetadata: { l0: 5 }, tags: ['t'], pos_str: ['x'], pos_values: [1] },
    activations: [{ tokens: ['else'], values: [9] }, acts[1], acts[0]],
    explanations: [{ description: 'made later' }, { description: 'says' }],
  };
  const fieldsOf = (changes: object, exact = true) =>
    compareContent({ whole, row }, { ...found, ...changes }, exact).map(({ field }) => field);

  it('finds no difference if all of it is there, whatever else is there', () => {
    expect(fieldsOf({})).toEqual([]);
  });

  it.each([
    ['a bit of the vector', { vector: [Math.fround(0.1) + 2 ** -27, -2] }, 'vector[0]'],
    ['a vector of another width', { vector: [1] }, 'vector'],
    ['no vector', { vector: [] }, 'vector'],
    ['a digest of other values', { vectorHash: '00' }, 'vectorHash'],
    ['a name', { name: null }, 'name'],
    ['the density', { frac_nonzero: 0.2500001 }, 'frac_nonzero'],
    ['the metadata', { metadata: { l0: 1 } }, 'metadata'],
    ['the metadata of the SAE', { sourceMetadata: null }, 'sourceMetadata'],
    ['a tag', { tags: [] }, 'tags'],
    ['a row that is private', { visibility: 'private' }, 'visibility'],
    ['a logit', { pos_values: [2] }, 'topLogits'],
    ['an activation that is gone', { activations: [acts[1]] }, 'activations'],
    ['an activation stored twice', { activations: [...acts, acts[0]] }, 'activations'],
    [
      'an explanation stored twice',
      { explanations: [{ description: 'says' }, { description: 'says' }] },
      'explanations',
    ],
  ])('finds a difference: %s', (_, changes, field) => {
    expect(fieldsOf(changes)).toEqual([field]);
  });

  it('finds no difference in what all rows share if the server does not show it with a row', () => {
    const { sourceMetadata: _, ...without } = found;
    expect(compareContent({ whole, row }, without, true)).toEqual([]);
  });

  it('compares doubles to 16 significant digits only if the server keeps no more', () => {
    const sent = { activations: [{ tokens: ['a'], values: [0.1 + 0.2] }] };
    const rounded = { activations: [{ tokens: ['a'], values: [0.3] }] };
    expect(compareContent({ whole: {}, row: sent }, rounded, false)).toEqual([]);
    expect(compareContent({ whole: {}, row: sent }, rounded, true)).toHaveLength(1);
    const wrong = { activations: [{ tokens: ['a'], values: [0.3000000000000005] }] };
    expect(compareContent({ whole: {}, row: sent }, wrong, false)).toHaveLength(1);
  });

  it('finds a private row that is public, and no difference in one that was sent and is as private or public', () => {
    const isPrivate = { visibility: 'private' };
    const found = (sent: Record<string, unknown>, visibility: string) =>
      compareContent({ whole: sent, row: {} }, { visibility }, true);
    expect(found(isPrivate, 'public')).toEqual([{ field: 'visibility', expected: '"private"', found: '"public"' }]);
    expect([...found(isPrivate, 'private'), ...found({}, 'public'), ...found({}, 'PUBLIC')]).toEqual([]);
  });

  it('accepts 0 for a -0 that was sent', () => {
    expect(compareContent({ whole: {}, row: { vector: [-0] } }, { vector: [0] }, false)).toEqual([]);
  });
});
