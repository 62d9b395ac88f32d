import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Int64, makeData, makeVector, Table, tableToIPC } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { openArrowTable } from '../../src/formats/arrow-table.ts';
import { fixture, tempFolder } from '../fixtures.ts';

async function tableOf(name: string) {
  const table = await openArrowTable(fixture('feature-data', name));
  try {
    const texts = Array.from({ length: table.rows }, (_, row) => table.texts.get('name')?.at(row));
    return { ...table, names: await Promise.all(texts) };
  } finally {
    await table.close();
  }
}

describe('an Arrow table of facts', () => {
  it.each(['facts.arrow', 'facts_zstd.arrow', 'facts_polars.arrow', 'facts_views.arrow'])(
    'in %s has numbers, flags, texts and nulls',
    async (name) => {
      const { rows, numbers, names, notRead } = await tableOf(name);
      expect(rows).toBe(16);
      expect(names.filter((text) => text === undefined)).toHaveLength(1);
      expect(names.filter((text) => text?.startsWith('raises ')).length).toBe(15);
      expect(numbers.get('dead')?.dtype).toBe('BOOL');
      expect(numbers.get('dead')?.values.filter(Boolean)).toHaveLength(2);
      expect(numbers.get('max_activation')?.values.filter(Number.isNaN)).toHaveLength(2);
      expect(numbers.get('training_tokens')?.values.every((tokens) => tokens === 12_288_000)).toBe(true);
      expect([...notRead]).toEqual([]);
    },
  );

  it('ignores the value under a null', async () => {
    const numbers = BigInt64Array.of(1n, 2n ** 62n + 1n, 3n);
    const path = join(await tempFolder(), 'nulls.arrow');
    for (const [present, found] of [
      [0b101, [1, Number.NaN, 3]],
      [0b111, undefined],
    ] as const) {
      const data = makeData({
        type: new Int64(),
        length: 3,
        nullCount: 1,
        nullBitmap: Uint8Array.of(present),
        data: numbers,
      });
      await writeFile(path, tableToIPC(new Table({ count: makeVector(data) }), 'file'));
      const table = openArrowTable(path);
      if (found === undefined) await expect(table).rejects.toThrow('beyond 2^53');
      else expect([...((await table).numbers.get('count')?.values ?? [])]).toEqual(found);
      await (await table.catch(() => undefined))?.close();
    }
  });

  it('lists the columns that it does not read, with the reason', async () => {
    const { notRead, numbers } = await tableOf('rows.arrow');
    expect([...notRead]).toEqual([['vector', 'is a column of FixedSizeList']]);
    expect([...numbers.keys()]).toEqual(['index']);
  });
});
