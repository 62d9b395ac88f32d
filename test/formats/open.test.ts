import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTensorFile } from '../../src/formats/open.ts';
import { fixture, opened, tempFolder } from '../fixtures.ts';

test.each([
  ['safetensors_inside.npy', 'safetensors'],
  ['npy_inside.safetensors', 'npy'],
])('%s is told by its bytes and not by its name', async (name, format) => {
  expect((await opened(fixture('malformed', name))).format).toBe(format);
});

test('a missing file is not found', async () => {
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
  ['a zip of torch.save', Buffer.from('PK\x03\x04........archive/data.pkl'), /pickle/],
  ['an HDF5 file', Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), /HDF5/],
  ['a GGUF file', Buffer.from('GGUF\x03\0\0\0'), /GGUF/],
  ['a Parquet file', Buffer.from('PAR1\x15\x04\x15'), /Parquet/],
  ['a pickle of scikit-learn', Buffer.from('\x80\x04\x95\0sklearn.linear_model', 'latin1'), /scikit-learn/],
  ['a table in a text', Buffer.from('feature,label\n3,"nouns"\n'), /text/],
])('%s is called by its name, with a way on', async (_, bytes, what) => {
  const path = join(await tempFolder(), 'weights.bin');
  await writeFile(path, bytes);
  const error = await openTensorFile(path).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'format_unknown', exitCode: 6, details: { file: path } });
  expect(error.message).toMatch(what);
  expect(error.hints).toHaveLength(1);
});

test('a text under the name of a format is told what is wrong with it as that', async () => {
  const path = join(await tempFolder(), 'v.json');
  await writeFile(path, '0.5');
  const error = await openTensorFile(path).catch((thrown) => thrown);
  expect(error.message).not.toContain('a text');
  await writeFile(path, `${' '.repeat(9000)}[0.5, 1]`);
  const file = await openTensorFile(path);
  expect(file.format).toBe('json');
  await file.close();
});

test('bytes that say nothing are shown', async () => {
  const path = join(await tempFolder(), 'weights.bin');
  await writeFile(path, '\x01no weights here');
  await expect(openTensorFile(path)).rejects.toMatchObject({
    code: 'format_unknown',
    hints: ['its first bytes are "\\u0001no weights here"'],
  });
});

test('a tensor of a type that is not decoded does not spoil its neighbours', async () => {
  const file = await opened(fixture('malformed', 'dtype_f4.safetensors'));
  expect(file.undecodable.size).toBeGreaterThan(0);
  for (const name of file.undecodable.keys()) expect(file.tensors.has(name)).toBe(false);
});

test('the notes of a safetensors file are kept', async () => {
  const file = await opened(fixture('safetensors', 'numpy_metadata.safetensors'));
  expect(file.metadata.size).toBe(2);
});
