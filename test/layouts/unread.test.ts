import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDirection } from '../../src/layouts/direction.ts';
import { readProbe } from '../../src/layouts/probe.ts';
import type { Sae } from '../../src/layouts/sae.ts';
import { isUnreadNumbers } from '../../src/layouts/unread.ts';
import { matrixOf } from '../../src/tensor/tensor.ts';
import { selectRows } from '../../src/upload/kinds/sae-indices.ts';
import { errorOf, opened, safetensorsImage, tempFolder, writeFiles } from '../fixtures.ts';
import { found } from './found.ts';

/** Writes a .safetensors of arrays with these shapes, those named in `unread` with a type that cannot be read. */
async function weights(shapes: Record<string, readonly number[]>, ...unread: string[]): Promise<string> {
  let at = 0;
  const header = Object.entries(shapes).map(([name, shape]) => {
    const start = at;
    at += 4 * shape.reduce((product, length) => product * length, 1);
    const dtype = unread.includes(name) ? 'F31' : 'F32';
    return [name, { dtype, shape, data_offsets: [start, at] }];
  });
  const folder = await tempFolder();
  await writeFiles(folder, {
    'weights.safetensors': safetensorsImage(JSON.stringify(Object.fromEntries(header)), new Uint8Array(at)),
  });
  return join(folder, 'weights.safetensors');
}

const unreadable = (name: string) => ({
  code: 'format_unsupported',
  exitCode: 6,
  message: expect.stringContaining(`weights.safetensors: "${name}" cannot be read: dtype F31`),
});

describe('an array that cannot be read is not replaced by another', () => {
  it.each([
    ['a decoder', { W_dec: [6, 4], W_skip: [5, 4] }, 'W_dec'],
    ['a decoder beside its encoder', { W_dec: [6, 4], W_enc: [4, 6] }, 'W_dec'],
    ['a decoder with a wrapper’s prefix', { 'module.decoder.weight': [4, 6], acts: [9, 4] }, 'module.decoder.weight'],
    ['a matrix of any name', { features: [6, 4], acts: [9, 4] }, 'features'],
  ] as const)('%s', async (_, shapes, name) => {
    expect(await errorOf(found(await weights(shapes, name)))).toMatchObject(unreadable(name));
  });

  it('a direction', async () => {
    const file = await opened(await weights({ direction: [4], mean: [4] }, 'direction'));
    expect(await errorOf(readDirection(file, {}))).toMatchObject(unreadable('direction'));
    expect(await readDirection(file, { tensor: 'mean' })).toMatchObject({ tensor: { name: 'mean' } });
  });

  it.each(['coef', 'intercept', 'scale', 'mean'])('the %s of a probe', async (name) => {
    const file = await opened(await weights({ coef: [1, 4], intercept: [1], scale: [4], mean: [4] }, name));
    expect(await errorOf(readProbe(file, {}))).toMatchObject(unreadable(name));
  });

  it('but one that a probe does not need as stored is ignored', async () => {
    const file = await opened(await weights({ coef: [1, 4], scale: [4] }, 'scale'));
    expect(await readProbe(file, { scaling: 'as-stored' })).toMatchObject({ tensor: { name: 'coef' } });
  });

  it('but one beside a decoder that is named as such is ignored', async () => {
    const [sae] = await found(await weights({ W_dec: [6, 4], mask: [9, 4] }, 'mask'));
    expect(sae?.decoder.name).toBe('W_dec');
  });
});

describe('judging by the reason whether an unreadable array may be weights', () => {
  it.each([
    ['a wider float', "holds elements of dtype '<f16', which cannot be weights", true],
    ['bfloat16 from jax', 'holds 2-byte void elements (dtype V2), most likely bfloat16', true],
    ['a null value', 'row 3 has a null for value 5', true],
    ['a damaged stream', 'is damaged: its data cannot be inflated', true],
    ['decimals', 'it is a column of List of Decimal, not of numbers or lists of floats', true],
    ['lists of lists of floats', 'it is a column of List of List of F32, not of numbers or lists of floats', true],
    ['two columns of the same name', 'the table has more than one column of this name', true],
    ['a 4-bit float', 'dtype F4 is not read by this tool', true],
    ['text', 'it is a column of Utf8, not of numbers or lists of floats', false],
    ['numpy strings', "holds elements of dtype '<U5', which cannot be weights", false],
    ['a date', "holds elements of dtype '<M8[D]', which cannot be weights", false],
    ['raw bytes', "holds elements of dtype '|V4', which cannot be weights", false],
    ['complex numbers', 'dtype C64 is not read by this tool', false],
    ['a pickled object', 'holds a pickled Python object (dtype |O), which is never loaded', false],
    ['records', 'holds records (a structured dtype), not plain numbers', false],
    ['a text file in an archive', 'is not an .npy array', false],
  ])('%s', (_, reason, may) => {
    expect(isUnreadNumbers(reason)).toBe(may);
  });
});

describe('an array that cannot be weights is ignored', () => {
  it.each([
    ['an empty list', { tags: [] }],
    ['texts', { examples: [{ text: 'a' }] }],
    ['words', { tokens: ['a', 'b'] }],
    ['flags', { flags: [true, false] }],
    ['lists of unequal length', { ids: [[1, 2], [3]] }],
  ])('beside a vector: %s', async (_, more) => {
    const folder = await tempFolder();
    for (const name of ['vector', 'v7']) {
      await writeFiles(folder, { 'v.json': { [name]: [1, 2, 3], ...more } });
      expect(await readDirection(await opened(join(folder, 'v.json')), {})).toMatchObject({ tensor: { name } });
    }
  });

  it('beside a matrix or a probe: complex numbers, even if named like a scale', async () => {
    const folder = await tempFolder();
    const complex = { dtype: 'C64', shape: [2], data_offsets: [0, 16] };
    const header = { my_dec: { dtype: 'F32', shape: [3, 2], data_offsets: [16, 40] }, freqs: complex };
    await writeFiles(folder, { 'w.safetensors': safetensorsImage(JSON.stringify(header), new Uint8Array(40)) });
    expect(await found(join(folder, 'w.safetensors'))).toMatchObject([{ decoder: { name: 'my_dec' } }]);
    const probe = { coef: { dtype: 'F32', shape: [1, 6], data_offsets: [16, 40] }, logit_scale: complex };
    await writeFiles(folder, { 'p.safetensors': safetensorsImage(JSON.stringify(probe), new Uint8Array(40)) });
    expect(await readProbe(await opened(join(folder, 'p.safetensors')), {})).toMatchObject({
      tensor: { name: 'coef' },
    });
  });

  it('and so is any array beside a vector that is named as such', async () => {
    const file = await opened(await weights({ steering_vector: [4], mean: [4] }, 'mean'));
    expect(await readDirection(file, {})).toMatchObject({ tensor: { name: 'steering_vector' } });
  });
});

it('8-bit weights with a separate scale are refused, as they are not the trained values', async () => {
  const header = {
    W_dec: { dtype: 'F8_E4M3', shape: [6, 4], data_offsets: [0, 24] },
    W_dec_scale: { dtype: 'F32', shape: [6], data_offsets: [24, 48] },
  };
  const folder = await tempFolder();
  const image = safetensorsImage(JSON.stringify(header), new Uint8Array(48));
  await writeFiles(folder, { 'fp8.safetensors': image });
  expect(await errorOf(found(join(folder, 'fp8.safetensors')))).toMatchObject({
    code: 'format_unsupported',
    message: expect.stringContaining('"W_dec" is F8_E4M3 and has a separate scale tensor, "W_dec_scale"'),
  });
});

describe('an array called feature_index', () => {
  /** Returns the feature index of row 1 of three, given a feature_index array of this type and shape. */
  async function indexBeside(dtype: string, shape: readonly number[], values: Uint8Array): Promise<number> {
    const end = 24 + values.length;
    const header = {
      W_dec: { dtype: 'F32', shape: [3, 2], data_offsets: [0, 24] },
      feature_index: { dtype, shape, data_offsets: [24, end] },
    };
    const folder = await tempFolder();
    const image = safetensorsImage(JSON.stringify(header), Buffer.concat([new Uint8Array(24), values]));
    await writeFiles(folder, { 'w.safetensors': image });
    const [sae] = await found(join(folder, 'w.safetensors'));
    const { indices } = await selectRows(sae as Sae, matrixOf((sae as Sae).decoder, 'rows'), {});
    return indices.indexOf(1);
  }
  const integers = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);

  it('gives the indices of the rows, and is ignored if it clearly does not', async () => {
    expect(await indexBeside('I32', [3], integers(7, 30, 9))).toBe(30);
    expect(await indexBeside('I32', [], integers(7))).toBe(1);
    expect(await indexBeside('F32', [2], new Uint8Array(8))).toBe(1);
  });

  it.each([
    ['of another length', 'I32', [2], 8],
    ['of one column', 'I32', [3, 1], 12],
    ['of floats', 'F32', [3], 12],
  ] as const)('%s is refused', async (_, dtype, shape, bytes) => {
    await expect(indexBeside(dtype, shape, new Uint8Array(bytes))).rejects.toMatchObject({ code: 'record_invalid' });
  });
});
