import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openTensorFile } from '../../src/formats/open.ts';
import { fixture, opened, tempFolder } from '../fixtures.ts';

test.each([
  ['safetensors_inside.npy', 'safetensors'],
  ['npy_inside.safetensors', 'npy'],
])('%s is recognised by its bytes, not by its name', async (name, format) => {
  expect((await opened(fixture('malformed', name))).format).toBe(format);
});

test('a missing file is reported as not found', async () => {
  const path = join(await tempFolder(), 'missing.npy');
  await expect(openTensorFile(path)).rejects.toMatchObject({ code: 'file_not_found', exitCode: 6 });
  await expect(openTensorFile(join(path, 'below'))).rejects.toMatchObject({ code: 'file_not_found' });
});

test('a folder cannot be opened as a weight file', async () => {
  const path = join(await tempFolder(), 'folder.npy');
  await mkdir(path);
  await expect(openTensorFile(path)).rejects.toMatchObject({ code: 'file_unreadable', exitCode: 6 });
});

test.each([
  ['a torch.save archive', Buffer.from('PK\x03\x04........archive/data.pkl'), /pickle/],
  ['an HDF5 file', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), /HDF5/],
  ['a GGUF file', Buffer.from('GGUF\x03\0\0\0'), /GGUF/],
  ['a Parquet file', Buffer.from('PAR1\x15\x04\x15'), /Parquet/],
  ['a scikit-learn pickle', Buffer.from('\x80\x04\x95\0sklearn.linear_model', 'latin1'), /scikit-learn/],
  ['a pickle of arrays', Buffer.from('\x80\x04\x95\0numpy.core.multiarray', 'latin1'), /numpy/],
  ['a compressed joblib file', deflateSync('pickled'), /joblib/],
  ['a pickle of joblib', Buffer.from('\x80\x04\x95\0joblib.numpy_pickle numpy', 'latin1'), /joblib/],
  ['text that begins like zlib', Buffer.from('x y z\n1 2 3\n'), /text/],
  ['a text table', Buffer.from('feature,label\n3,"nouns"\n'), /text/],
])('%s is named in the error, with a hint', async (_, bytes, what) => {
  const path = join(await tempFolder(), 'weights.bin');
  await writeFile(path, bytes);
  const error = await openTensorFile(path).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'format_unknown', exitCode: 6, details: { file: path } });
  expect(error.message).toMatch(what);
  expect(error.hints).toHaveLength(1);
});

test('how to convert a pickle depends on who wrote it', async () => {
  const path = join(await tempFolder(), 'x.pkl');
  // What pickle.dump([1.5]) writes, and how a torch.save of before 1.6 begins.
  const own = Buffer.from('80045d94473ff8000000000000612e', 'hex');
  const torch = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
  for (const [bytes, hint] of [
    [own, 'pickle.load('],
    [torch, 'torch.load('],
  ] as const) {
    await writeFile(path, bytes);
    await expect(openTensorFile(path)).rejects.toMatchObject({ hints: [expect.stringContaining(hint)] });
  }
});

test('a text file named .json is read as JSON, and its faults are reported as such', async () => {
  const path = join(await tempFolder(), 'v.json');
  await writeFile(path, '0.5');
  const error = await openTensorFile(path).catch((thrown) => thrown);
  expect(error.message).not.toContain('a text');
  await writeFile(path, `${' '.repeat(9000)}[0.5, 1]`);
  const file = await openTensorFile(path);
  expect(file.format).toBe('json');
  await file.close();
});

test('unknown bytes are shown in the hint', async () => {
  const path = join(await tempFolder(), 'weights.bin');
  await writeFile(path, '\x01no weights here');
  await expect(openTensorFile(path)).rejects.toMatchObject({
    code: 'format_unknown',
    hints: ['its first bytes are "\\u0001no weights here"'],
  });
});

test('a tensor of an unsupported type is listed as undecodable, not among the tensors', async () => {
  const file = await opened(fixture('malformed', 'dtype_f4.safetensors'));
  expect(file.undecodable.size).toBeGreaterThan(0);
  for (const name of file.undecodable.keys()) expect(file.tensors.has(name)).toBe(false);
});

test('the metadata of a safetensors file is kept', async () => {
  const file = await opened(fixture('safetensors', 'numpy_metadata.safetensors'));
  expect(file.metadata.size).toBe(2);
});
