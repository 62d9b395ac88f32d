import { expect, test } from 'vitest';
import { matrixOf, type Orientation } from '../../src/tensor/tensor.ts';
import { asFloat32, fixture, opened, promisedTensors } from '../fixtures.ts';
import { readRows } from '../tensor/logical-order.ts';
import { fixturesIn } from './promises.ts';

const lossless: [name: string, orientation: Orientation][] = [
  ['W_dec.npy', 'rows'],
  ['W_dec_fortran.npy', 'rows'],
  ['W_dec_transposed.npy', 'columns'],
  ['W_dec_be.npy', 'rows'],
  ['W_dec_f64.npy', 'rows'],
  ['W_dec_stored.npz', 'rows'],
  ['W_dec_deflated.npz', 'rows'],
  ['W_dec_fortran_stored.npz', 'rows'],
  ['W_dec_fortran_deflated.npz', 'rows'],
  ['W_dec_fixed.arrow', 'rows'],
  ['W_dec_lists_lz4.arrow', 'rows'],
  ['W_dec_zstd.arrow', 'rows'],
  ['W_dec_f64.arrow', 'rows'],
  ['W_dec_columns.arrow', 'rows'],
];

const lossy = ['W_dec_bf16.safetensors', 'W_dec_f16.npy'];

test('every encoding of the decoder is covered', () => {
  const named = [...lossless.map(([name]) => name), ...lossy].sort();
  expect(named).toEqual(fixturesIn('sae-tiny-encodings').map(([, path]) => path.split('/').at(-1)));
});

test.each(lossless)('%s, with vectors in its %s, equals the trained decoder bit for bit', async (name, orientation) => {
  const decoder = await readDecoder(fixture('sae-tiny', 'sae_weights.safetensors'), 'rows');
  const encoded = await readDecoder(fixture('sae-tiny-encodings', name), orientation);
  expect(decoder.length).toBe(512 * 64 * 4);
  expect(encoded.equals(decoder)).toBe(true);
});

test.each(lossy)('%s equals its own sidecar bit for bit', async (name) => {
  const path = fixture('sae-tiny-encodings', name);
  const [promise] = promisedTensors(path).values();
  const found = await readDecoder(path, 'rows');
  expect(found.equals(Buffer.from(asFloat32(promise!).buffer))).toBe(true);
});

async function readDecoder(path: string, orientation: Orientation): Promise<Buffer> {
  const file = await opened(path);
  const tensor = file.tensors.get('W_dec') ?? file.tensors.get('')!;
  const values = await readRows(matrixOf(tensor, orientation));
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}
