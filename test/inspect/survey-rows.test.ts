import { describe, expect, it } from 'vitest';
import { startDuplicates } from '../../src/inspect/duplicates.ts';
import { surveyRows } from '../../src/inspect/survey-rows.ts';
import { matrixOf } from '../../src/tensor/tensor.ts';
import { dataFiles, fixture, opened, seeded } from '../fixtures.ts';
import { promisesOf } from '../formats/promises.ts';
import { npyOf, quietWatch, surveyed } from './looking.ts';

const [nan, inf] = [Number.NaN, Number.POSITIVE_INFINITY];

describe('a survey of rows', () => {
  it('finds norms, and rows that are zero, duplicate, constant or broken', async () => {
    const path = await npyOf([
      [3, 4, 0, 0],
      [0, 0, 0, 0],
      [0, 1, 0, 0],
      [3, 4, 0, 0],
      [0, nan, inf, 0],
      [2, 2, 2, 2],
      [-0, 0, -0, 0],
      [0, 0, 0, -inf],
      [3, 4, 0, 0],
    ]);
    const survey = await surveyed(path);
    expect(survey).toMatchObject({
      rows: 9,
      width: 4,
      norms: { count: 7, min: 0, median: 4, max: 5, sampled: false },
      unitRows: 1,
      values: { min: 0, max: 4 },
      zero: { count: 2, first: [1, 6] },
      duplicates: {
        count: 2,
        first: [
          [0, 3],
          [0, 8],
        ],
        complete: true,
      },
      nearConstant: { count: 1, first: [5] },
    });
    expect(survey.norms?.mean).toBeCloseTo(20 / 7, 12);
    expect(survey.broken).toEqual({
      count: 2,
      first: [
        { row: 4, column: 1, value: 'NaN', beyondFloat32: false },
        { row: 7, column: 3, value: '-Infinity', beyondFloat32: false },
      ],
    });
  });

  it('distinguishes a double beyond the range of float32 from an infinity', async () => {
    const path = await npyOf(
      [
        [1, 2],
        [1e300, 0],
        [inf, 0],
      ],
      '<f8',
    );
    expect((await surveyed(path)).broken.first).toEqual([
      { row: 1, column: 0, value: '1e+300', beyondFloat32: true },
      { row: 2, column: 0, value: 'Infinity', beyondFloat32: false },
    ]);
  });

  it('lists the first twenty rows of a kind and counts all', async () => {
    const { zero, duplicates, norms } = await surveyed(await npyOf(Array.from({ length: 50 }, () => [0, 0])));
    expect(zero).toEqual({ count: 50, first: Array.from({ length: 20 }, (_, i) => i) });
    expect(duplicates.count).toBe(0);
    expect(norms).toMatchObject({ min: 0, max: 0, histogram: null });
  });

  it('finds only the repeated row in an identity matrix of several blocks', async () => {
    const rows = Array.from({ length: 1500 }, (_, i) => Array.from({ length: 1500 }, (_, j) => (i === j ? 1 : 0)));
    rows.push(rows[700]!);
    const { duplicates, unitRows } = await surveyed(await npyOf(rows));
    expect(duplicates).toEqual({ count: 1, first: [[700, 1500]], complete: true });
    expect(unitRows).toBe(1501);
  });

  for (const [name, path] of dataFiles('sae-tiny-encodings')) {
    it(`finds in ${name} the norms of its promised values`, async () => {
      const file = await opened(path);
      const tensor = [...file.tensors.values()].find(({ shape }) => shape.length === 2)!;
      const promised = promisedOf(path, tensor.name);
      const survey = await surveyRows(matrixOf(tensor, promised.rows === 512 ? 'rows' : 'columns'), quietWatch);
      const norms = promised.norms;
      expect(survey.norms?.count).toBe(512);
      expect(survey.norms?.min).toBeCloseTo(norms[0]!, 6);
      expect(survey.norms?.median).toBeCloseTo((norms[255]! + norms[256]!) / 2, 6);
      expect(survey.norms?.max).toBeCloseTo(norms[511]!, 6);
      expect(survey).toMatchObject({ rows: 512, width: 64, unitRows: promised.unit, zero: { count: 0 } });
    });
  }

  it('surveys an encoder by its columns, with the same rows and width as its decoder', async () => {
    const path = fixture('sae-tiny', 'sae_weights.safetensors');
    const [decoder, encoder] = [await surveyed(path, 'rows', 'W_dec'), await surveyed(path, 'columns', 'W_enc')];
    expect([encoder.rows, encoder.width]).toEqual([decoder.rows, decoder.width]);
    expect(encoder.norms?.mean).not.toBeCloseTo(decoder.norms!.mean, 3);
  });

  it('stops with the reason of its signal', async () => {
    const stop = new AbortController();
    const tensor = [...(await opened(await npyOf([[1, 2]]))).tensors.values()][0]!;
    stop.abort(new Error('told to'));
    await expect(surveyRows(matrixOf(tensor, 'rows'), { ...quietWatch, signal: stop.signal })).rejects.toThrow(
      'told to',
    );
  });
});

/** Computes the sorted norms of a sidecar's values, and how many of them are 1. */
function promisedOf(path: string, name: string) {
  const { shape, values } = promisesOf(path).tensors.get(name)!;
  const [height, breadth] = shape as [number, number];
  const at = (feature: number, i: number) =>
    Number(height === 512 ? values[feature * breadth + i] : values[i * breadth + feature]);
  const norms = Array.from({ length: 512 }, (_, feature) =>
    Math.hypot(...Array.from({ length: 64 }, (_, i) => Math.fround(at(feature, i)))),
  ).sort((a, b) => a - b);
  return { rows: height, norms, unit: norms.filter((norm) => Math.abs(norm - 1) <= 1e-3).length };
}

describe('looking for duplicate rows', () => {
  it('says if there was no room to compare all of them', () => {
    const finder = startDuplicates(10, 4);
    const random = seeded(3);
    for (let row = 0; row < 6; row++) finder.add(row, random() * 2 ** 32, row);
    finder.add(6, 0, 0);
    expect(finder.finish()).toEqual({ count: 0, first: [], complete: false });
  });

  it('compares both halves of a hash', () => {
    const finder = startDuplicates(4);
    finder.add(0, 5, 1);
    finder.add(1, 5, 2);
    finder.add(2, -1, -1);
    finder.add(3, -1, -1);
    expect(finder.finish()).toEqual({ count: 1, first: [[2, 3]], complete: true });
  });
});
