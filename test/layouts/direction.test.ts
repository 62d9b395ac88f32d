import { describe, expect, it } from 'vitest';
import { readDirection } from '../../src/layouts/direction.ts';
import { errorOf, fixture, opened, promisedTensors } from '../fixtures.ts';

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

  it('says how to choose a row if a whole matrix is named', async () => {
    const file = await opened(fixture('sae-tiny', 'sae_weights.safetensors'));
    const error = await errorOf(readDirection(file, { tensor: 'W_dec' }));
    expect(error.code).toBe('layout_unknown');
    expect(error.hints.join()).toContain('--row I, 0 to 511');
  });
});
