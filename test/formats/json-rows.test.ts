import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTensorFile } from '../../src/formats/open.ts';
import { readNumbers } from '../../src/tensor/numbers.ts';
import { hexOf, rowsOf } from '../cli/fixtures.ts';
import { fixture, opened, tempFolder } from '../fixtures.ts';
import { readLogical } from '../tensor/logical-order.ts';

async function written(text: string, name = 'rows.jsonl'): Promise<string> {
  const path = join(await tempFolder(), name);
  await writeFile(path, text);
  return path;
}

describe('a .jsonl of vectors', () => {
  const path = fixture('feature-data', 'rows.jsonl');

  it('is read as a float32 matrix and the indices of its rows', async () => {
    const file = await opened(path);
    expect([...file.tensors].map(([name, { shape, dtype }]) => [name, shape, dtype])).toEqual([
      ['vector', [16, 64], 'F32'],
      ['index', [16], 'U32'],
    ]);
    const expected = (await rowsOf(fixture('feature-data', 'rows.npy'))).join('');
    expect(hexOf(await readLogical(file.tensors.get('vector')!))).toBe(expected);
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    const indices = lines.map((line) => JSON.parse(line).index);
    expect([...(await readNumbers(file.tensors.get('index')!, 16))]).toEqual(indices);
  });

  it('may begin with a byte order mark and have empty lines, under any name', async () => {
    for (const name of ['rows.jsonl', 'rows.txt']) {
      const path = await written('\ufeff{"index":3,"vector":[1,2]}\n\n{"index":9,"vector":[3,4]}\n', name);
      const { tensors } = await opened(path);
      expect([...(await readLogical(tensors.get('vector')!))]).toEqual([1, 2, 3, 4]);
      await writeFile(path, '\ufeff{"index":3,"vector":[1,2]}\n\n{"index":9,"vector":[3,x]}\n');
      await expect(readLogical(tensors.get('vector')!)).rejects.toThrow('line 3: is not JSON');
    }
  });

  it('is recognised by its first line under another name, and needs no index', async () => {
    const other = await opened(await written(readFileSync(path, 'utf8'), 'rows.txt'));
    expect(other.tensors.get('vector')?.shape).toEqual([16, 64]);
    const plain = await opened(await written('\n{"vector":[1,2]}\r\n{"vector":[3,4],"name":"x"}'));
    expect([...plain.tensors.keys()]).toEqual(['vector']);
    expect([...(await readLogical(plain.tensors.get('vector')!))]).toEqual([1, 2, 3, 4]);
  });

  const faulty: Record<string, [string, RegExp]> = {
    'a line of another length': ['{"vector":[1,2]}\n{"vector":[1]}', /line 2: has a vector of 1 values/],
    'an index on some lines only': ['{"index":1,"vector":[1]}\n{"vector":[1]}', /line 2: some lines have an "index"/],
    'no vector': ['{"index":1}', /line 1: vector/],
    'an empty vector': ['{"vector":[]}', /line 1: vector/],
    'a value that is not a number': ['{"vector":[1,null]}', /line 1: vector\.1/],
    'a line that is not JSON': ['{"vector":[1,nil]}', /line 1: is not JSON/],
    'a NaN': ['{"vector":[1,NaN]}', /line 1: vector\.1: .*\(NaN counts as null\)/],
    'a line that is not an object': ['{"vector":[1]}\n[1]', /line 2: is not a JSON object/],
    'an invalid index': ['{"index":-1,"vector":[1]}', /line 1: index/],
  };
  it.each(Object.entries(faulty))('is refused for %s', async (_, [text, message]) => {
    await expect(openTensorFile(await written(text))).rejects.toMatchObject({
      exitCode: 6,
      message: expect.stringMatching(message),
    });
  });
});

it('a line that is not UTF-8 is refused, even if the vector is not affected', async () => {
  const path = await written('{"vector":[1]}\n');
  await writeFile(path, Buffer.from('{"vector":[1]}\n{"vector":[2],"name":"caf\xe9"}\n', 'latin1'));
  await expect(openTensorFile(path)).rejects.toThrow('line 2: is not UTF-8');
});

it('"feature_index" may give the index of a line', async () => {
  const file = await opened(
    await written('{"feature_index":30,"vector":[1,2]}\n{"feature_index":"7","vector":[3,4]}\n'),
  );
  expect([...(await readNumbers(file.tensors.get('index')!, 2))]).toEqual([30, 7]);
});

it('an index of null is ignored', async () => {
  const text = '{"index":5,"feature_index":null,"vector":[1]}\n{"index":null,"feature_index":7,"vector":[2]}\n';
  const file = await opened(await written(text));
  expect([...(await readNumbers(file.tensors.get('index')!, 2))]).toEqual([5, 7]);
});

it('a line whose two indices differ is refused', async () => {
  const path = await written(
    '{"index":0,"feature_index":0,"vector":[1]}\n{"index":1,"feature_index":100,"vector":[2]}\n',
  );
  await expect(openTensorFile(path)).rejects.toMatchObject({
    code: 'format_invalid',
    message: expect.stringContaining('line 2: has "index" 1 but "feature_index" 100'),
  });
});

it('a line whose index has another name is refused, but not one that has other keys', async () => {
  for (const feature of ['7', '"7"']) {
    await expect(openTensorFile(await written(`{"feature": ${feature}, "vector": [1, 2]}`))).rejects.toMatchObject({
      message: expect.stringContaining('line 1: has "feature" but no "index"'),
      hints: [expect.stringContaining('rename it to "index"')],
    });
  }
  await expect(openTensorFile(await written('{"neuron_idx": 7, "vector": [1, 2]}'))).rejects.toThrow('"neuron_idx"');
  for (const line of [
    '{"idx": "a", "vector": [1, 2]}',
    '{"idx": 7, "index": 3, "vector": [1, 2]}',
    '{"layer": 7, "vector": [1]}',
  ]) {
    const file = await openTensorFile(await written(line));
    await file.close();
    expect(file.tensors.has('vector')).toBe(true);
  }
});
