import { readFileSync } from 'node:fs';
import { open as openHandle, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openTensorFile } from '../../src/formats/open.ts';
import type { ByteSource } from '../../src/tensor/byte-source.ts';
import { matrixOf } from '../../src/tensor/tensor.ts';
import { dataFiles, firstDifference, fixture, opened, promisedTensors, tempFolder } from '../fixtures.ts';
import { readRows } from '../tensor/logical-order.ts';

const arrowFile = (name: string) => opened(fixture('arrow', name));

async function refusalOf(name: string) {
  return openTensorFile(fixture('malformed', `arrow_${name}.arrow`)).then(
    () => expect.unreachable(`${name} was opened`),
    (error) => error,
  );
}

describe('detection by content', () => {
  test.each(['ending.feather', 'ending.arrows', 'before_0.15_stream.arrow'])(
    'recognises %s as Arrow, even under a .npy name',
    async (name) => {
      const path = join(await tempFolder(), 'weights.npy');
      await writeFile(path, readFileSync(fixture('arrow', name)));
      expect((await opened(path)).format).toBe('arrow');
    },
  );

  test('refuses Feather version 1 by name, with a hint how to convert it', async () => {
    expect(await refusalOf('feather_1')).toMatchObject({
      code: 'format_unsupported',
      message: expect.stringContaining('Feather file of version 1'),
      hints: [expect.stringContaining('write_feather')],
    });
  });
});

describe('a column that is not a tensor', () => {
  test.each([
    ['null_row_fixed', 5],
    ['null_value_list', 3],
    ['ragged', 4],
    ['ragged_large', 6],
  ])('is refused with the row at fault if there is nothing else: %s', async (name, row) => {
    expect(await refusalOf(name)).toMatchObject({
      code: 'format_unsupported',
      exitCode: 6,
      details: { tensor: 'W_dec', row },
    });
  });

  test('does not affect a matrix beside it', async () => {
    const file = await arrowFile('beside_others_file.arrow');
    expect([...file.tensors.keys()]).toEqual(['W_dec']);
    expect(file.undecodable.get('activations')).toBe('row 1 has 2 values, the rows before it have 1');
  });
});

describe('a table with one column per dimension', () => {
  test('orders its columns by their numbers, not by their position', async () => {
    const file = await arrowFile('columns_sorted_by_name.arrow');
    expect([...file.tensors.keys()]).toEqual(['', 'index']);
    const promise = promisedTensors(fixture('arrow', 'columns_sorted_by_name.arrow')).get('')!;
    const rows = await readRows(matrixOf(file.tensors.get('')!, 'rows'));
    expect(firstDifference(rows, promise.values as number[])).toBeUndefined();
  });

  test('whose columns are not numbered gives each column as a tensor of its own too', async () => {
    expect([...(await arrowFile('columns_by_name.arrow')).tensors.keys()]).toEqual(['', 'x', 'y', 'z']);
  });

  test('can be read at any position and length, across batches', async () => {
    for (const name of ['columns_f8.arrow', 'columns_zstd.arrow', 'columns_f2.arrow']) {
      await expectAnyWindow((await arrowFile(name)).tensors.get('')!.bytes, name);
    }
  });
});

test('batches form one flat source that can be read at any position and length', async () => {
  for (const name of ['stream_list_f4.arrow', 'polars_list_lz4.arrow', 'feather_zstd.arrow']) {
    await expectAnyWindow((await arrowFile(name)).tensors.get('W_dec')!.bytes, name);
  }
});

test('concurrent reads do not disturb one another', async () => {
  for (const [name, tensor] of [
    ['columns_lz4.arrow', ''],
    ['feather_lz4.arrow', 'W_dec'],
  ] as const) {
    const { bytes } = (await arrowFile(name)).tensors.get(tensor)!;
    const whole = await readAll(bytes);
    const positions = Array.from({ length: 40 }, (_, i) => (i * 37) % (bytes.size - 8));
    const pieces = await Promise.all(positions.map((position) => read(bytes, position, 8)));
    expect(pieces).toEqual(positions.map((position) => whole.subarray(position, position + 8)));
  }
});

test('the metadata of the writer is kept', async () => {
  const { metadata } = await arrowFile('like_datasets.arrow');
  expect(JSON.parse(metadata.get('huggingface')!)).toHaveProperty('info.features.W_dec');
});

test('at least 60 tensors of the fixtures can also be read by apache-arrow itself', async () => {
  let whole = 0;
  for (const [, path] of dataFiles('arrow')) {
    const file = await opened(path);
    for (const tensor of file.tensors.values()) if (await file.readWhole?.(tensor)) whole++;
  }
  expect(whole).toBeGreaterThanOrEqual(60);
});

test('files that claim a terabyte or a petabyte allocate less than 50 MB', async () => {
  const before = process.memoryUsage().arrayBuffers;
  await refusalOf('lz4_claims_2_40');
  await refusalOf('rows_and_values_of_2_50');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
});

test('opening a file reads only metadata and list offsets', async () => {
  const path = fixture('sae-tiny-encodings', 'W_dec_f64.arrow');
  const { arrow } = await import('../../src/formats/arrow.ts');
  const handle = await openHandle(path);
  let taken = 0;
  const bytes: ByteSource = {
    size: (await stat(path)).size,
    async read(into, position) {
      taken += into.length;
      await handle.read(into, 0, into.length, position);
    },
    close: () => handle.close(),
  };
  try {
    const { tensors } = await arrow.open(path, bytes);
    expect(tensors.get('W_dec')?.shape).toEqual([512, 64]);
    expect(taken).toBeLessThan(10_000);
  } finally {
    await handle.close();
  }
});

async function expectAnyWindow(bytes: ByteSource, name: string): Promise<void> {
  const whole = await readAll(bytes);
  for (const length of [1, 7, 8, 33, 100]) {
    for (let position = 0; position + length <= bytes.size; position += Math.ceil(bytes.size / 41)) {
      const expected = whole.subarray(position, position + length);
      expect(await read(bytes, position, length), `${name}: ${length} bytes at ${position}`).toEqual(expected);
    }
  }
}

const readAll = (bytes: ByteSource) => read(bytes, 0, bytes.size);

async function read(bytes: ByteSource, position: number, length: number): Promise<Uint8Array> {
  const into = new Uint8Array(length);
  await bytes.read(into, position);
  return into;
}
