import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../fixtures.ts';
import { factFile, openLibraryBench } from './library-bench.ts';

/** Writes examples of the first eight features, those of feature 6 far larger than the others, and returns the path. */
async function examples(): Promise<string> {
  const path = join(await tempFolder(), 'acts.jsonl');
  const line = (index: number) => {
    const activation = { tokens: Array(200).fill(' king'), values: Array(200).fill(1.5) };
    return JSON.stringify({ index, activations: Array(index === 6 ? 60 : 1).fill(activation) });
  };
  await writeFile(path, Array.from({ length: 8 }, (_, index) => line(index)).join('\n'));
  return path;
}

describe('a row that is too large for any request', () => {
  const rows = factFile('rows.npy');

  it('is refused before anything is sent, with its size and the largest body allowed', async () => {
    const bench = await openLibraryBench();
    const given = { activations: await examples(), limits: { bytes: 100_000 } };
    await expect(bench.upload(rows, given)).rejects.toMatchObject({
      ...{ code: 'cannot_be_stored', exitCode: 6 },
      message: expect.stringMatching(
        /1 row is too large to be sent: row 6: takes \d{6} bytes as JSON; .* 100000 bytes/,
      ),
    });
    expect(bench.proxy.seen.filter(({ path }) => path === '/api/feature/upload-batch')).toEqual([]);
  });

  it('is left out with skipBadRows, and the other rows are sent', async () => {
    const bench = await openLibraryBench();
    const activations = await examples();
    const { prepared } = await bench.upload(rows, { activations, limits: { bytes: 100_000 }, skipBadRows: true });
    expect([...prepared.quarantined.keys()]).toEqual([6]);
    const without6 = bench.held().map(({ index }) => index);
    expect(without6).not.toContain(6);
    expect(without6).toHaveLength(15);
  });

  it('is refused even with skipBadRows if no other row is left', async () => {
    const bench = await openLibraryBench();
    const given = { activations: await examples(), limits: { bytes: 100_000 }, skipBadRows: true };
    const only = { ...given, features: [[6, 7]] as [number, number][] };
    await expect(bench.upload(rows, only)).rejects.toMatchObject({ code: 'cannot_be_stored' });
    expect(bench.proxy.seen.filter(({ path }) => path === '/api/feature/upload-batch')).toEqual([]);
  });

  it('is measured by the length of its values as printed, not by the longest that they could have', async () => {
    const bench = await openLibraryBench();
    const { report } = await bench.upload(rows, { limits: { bytes: 1_500 } });
    expect(report.confirmed).toBe(16);
    const tight = { limits: { bytes: 600 }, saeId: 'tight' };
    await expect(bench.upload(rows, tight)).rejects.toMatchObject({ code: 'cannot_be_stored' });
  });
});
