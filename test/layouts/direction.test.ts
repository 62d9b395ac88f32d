import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDirection } from '../../src/layouts/direction.ts';
import { errorOf, fixture, npyImage, opened, promisedTensors, tempFolder, writeFiles } from '../fixtures.ts';

describe('readDirection', () => {
  it.each(['fortran_f4.npy', 'be_f4.npy', 'le_f8.npy'])('reads any row of npy/%s', async (name) => {
    const path = fixture('npy', name);
    const { shape, values } = promisedTensors(path).get('')!;
    const [rows, width] = shape as [number, number];
    expect(shape).toHaveLength(2);
    for (let row = 0; row < rows; row++) {
      const direction = await readDirection(await opened(path), { row });
      expect(direction.row).toBe(row);
      expect([...direction.values]).toEqual(
        values
          .slice(row * width, (row + 1) * width)
          .map(Number)
          .map(Math.fround),
      );
    }
  });

  it('reads a row of a matrix beside vectors, and refuses one that does not exist', async () => {
    const file = await opened(fixture('sae-tiny', 'sae_weights.safetensors'));
    const { values } = await readDirection(file, { tensor: 'W_dec', row: 511 });
    expect(values).toHaveLength(64);
    expect(await errorOf(readDirection(file, { tensor: 'W_dec', row: 512 }))).toMatchObject({
      code: 'rows_out_of_range',
      details: { found: 512, expected: '0-511' },
    });
    expect(await errorOf(readDirection(file, { tensor: 'b_dec', row: 0 }))).toMatchObject({
      code: 'layout_unknown',
      hints: ['leave --row out: this is one vector'],
    });
  });

  it('says that a scaler lies beside the direction of a probe, and not that a strength does', async () => {
    const path = join(await tempFolder(), 'p.json');
    const scaled = { coef: [1, 2, 3], mean: [0, 0, 0], std: [2, 2, 2] };
    for (const [content, options, doubts] of [
      [scaled, { tensor: 'coef' }, [expect.stringMatching(/^"std" .* upload-probe --raw-space/)]],
      [
        {
          ...scaled,
          coef: [
            [1, 2, 3],
            [4, 5, 6],
          ],
        },
        { tensor: 'coef', row: 1 },
        [expect.stringContaining('"std"')],
      ],
      [scaled, { tensor: 'mean' }, undefined],
      [{ coef: [1, 2, 3], scale: 10 }, { tensor: 'coef' }, undefined],
    ] as const) {
      await writeFiles(join(path, '..'), { 'p.json': content });
      const direction = await readDirection(await opened(path), options);
      expect([options, direction.doubts]).toEqual([options, doubts]);
    }
  });

  it('says how to choose a row if a whole matrix is named', async () => {
    const file = await opened(fixture('sae-tiny', 'sae_weights.safetensors'));
    const error = await errorOf(readDirection(file, { tensor: 'W_dec' }));
    expect(error.code).toBe('layout_unknown');
    expect(error.hints.join()).toContain('--row I, 0 to 511');
  });

  const readJson = async (content: object) => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'v.json': content });
    return readDirection(await opened(join(folder, 'v.json')), {});
  };

  it('takes the array called direction among others, and no single number for a vector', async () => {
    const { values } = await readJson({ alpha: [4], direction: [1, 2], train_acc: [0.5, 0.75], layer: 3 });
    expect([...values]).toEqual([1, 2]);
    const error = await errorOf(readJson({ vectors: [[1, 2]].concat([[3, 4]]), layer: 3 }));
    expect(error.message).toContain('expected one vector, found vectors F64 [2, 2]');
  });

  it('asks for a single vector if an array has more than two dimensions', async () => {
    const folder = await tempFolder();
    await writeFiles(folder, { 'v.npy': npyImage('<f4', false, [2, 3, 4], new Uint8Array(96)) });
    const error = await errorOf(readDirection(await opened(join(folder, 'v.npy')), {}));
    expect(error.hints[0]).toContain('np.save("vector.npy", array[I, J])');
    expect(error.hints.join()).not.toContain('--row');
  });

  it('lists only the first of many tensors', async () => {
    const error = await errorOf(readJson(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`v${i}`, [1, 2]]))));
    expect(error.hints.join()).toMatch(/it holds: v0 F64 \[2\], .*v19 F64 \[2\], and 80 more$/);
  });
});
