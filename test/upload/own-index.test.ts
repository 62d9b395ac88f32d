import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeQuarantine, quarantineFields } from '../../src/cli/quarantine.ts';
import { readJobState } from '../../src/upload/held-jobs.ts';
import { listJobs } from '../../src/upload/jobs.ts';
import { idOfRow } from '../../src/upload/row-ids.ts';
import { rowsOf } from '../cli/fixtures.ts';
import { safetensorsImage } from '../fixtures.ts';
import { factFile, type LibraryBench, openLibraryBench, ownIndices } from './library-bench.ts';

const upload = '/api/feature/upload-batch';
const refused = { kind: 'answer', commit: false, status: 400, body: '{"error":"no more"}' } as const;
const sorted = [...ownIndices].sort((a, b) => a - b);

/** Returns index and vector of the given rows, as the store must hold them. */
async function expected(rows: readonly number[] = Array.from(ownIndices.keys())) {
  const vectors = await rowsOf(factFile('rows.npy'));
  const pairs = rows.map((row) => ({ index: ownIndices[row] as number, vector: vectors[row] as string }));
  return pairs.sort((a, b) => a.index - b.index);
}

const pairsOf = (bench: LibraryBench, saeId?: string) =>
  bench.held(saeId).map(({ index, vector }) => ({ index, vector }));

describe('rows with indices of their own', () => {
  it.each(['rows.arrow', 'rows.npz', 'rows.jsonl'])('are stored under those indices from %s', async (file) => {
    const bench = await openLibraryBench();
    await bench.upload(factFile(file));
    expect(pairsOf(bench)).toEqual(await expected());
  });

  it('are selected, looked up and completed by index', async () => {
    const bench = await openLibraryBench();
    const [a, b] = [ownIndices[9] as number, ownIndices[2] as number];
    await bench.upload(factFile('rows.arrow'), {
      features: [
        [b, b + 1],
        [a, a + 1],
      ].sort((x, y) => x[0]! - y[0]!) as never,
    });
    expect(pairsOf(bench)).toEqual(await expected([2, 9]));
    await rm(bench.state, { recursive: true });
    const { report } = await bench.upload(factFile('rows.npz'));
    expect(report).toMatchObject({ planned: 16, confirmed: 16, found: 2, sent: 14 });
    expect(pairsOf(bench)).toEqual(await expected());
    await expect(bench.upload(factFile('rows.npz'), { features: [[0, 1]] })).rejects.toMatchObject({
      exitCode: 6,
      message: expect.stringContaining('no row of the 16 has that index'),
    });
  });

  it('are resumed where they were cut off, but not with other indices', async () => {
    let failing = true;
    const bench = await openLibraryBench(false, ({ path }, nth) =>
      failing && path === upload && nth > 1 ? refused : undefined,
    );
    const file = join(bench.folder, 'rows.jsonl');
    const text = readFileSync(factFile('rows.jsonl'), 'utf8');
    await writeFile(file, text);
    await expect(bench.upload(file)).rejects.toMatchObject({ exitCode: 10 });
    expect(pairsOf(bench)).toEqual(await expected([0, 1, 2, 3, 4, 5, 6, 7]));
    failing = false;
    await writeFile(file, text.replace('"index": 5000,', '"index": 5001,'));
    await expect(bench.upload(file)).rejects.toMatchObject({
      exitCode: 12,
      message: expect.stringContaining('the indices of its rows'),
    });
    await writeFile(file, text);
    expect((await bench.upload(file)).report).toMatchObject({ confirmed: 16, sent: 8 });
    expect(pairsOf(bench)).toEqual(await expected());
  });

  it('are looked up by index if an answer of a server without keys was lost', async () => {
    const bench = await openLibraryBench(true, ({ path }, nth) =>
      path === upload && nth === 1 ? { kind: 'reset-after' } : undefined,
    );
    const activations = join(bench.folder, 'acts.jsonl');
    const line = (index: number) => JSON.stringify({ index, tokens: ['t'], values: [index] });
    await writeFile(activations, [...ownIndices.map(line), line(3)].join('\n'));
    const { report } = await bench.upload(factFile('rows.arrow'), { activations });
    expect(report).toMatchObject({ planned: 16, confirmed: 16 });
    expect(bench.held().map(({ index }) => index)).toEqual(sorted);
    expect(bench.proxy.seen.filter(({ path }) => path === upload)).toHaveLength(4);
  });

  it('are named by index and row number in errors', async () => {
    const bench = await openLibraryBench();
    await bench.upload(factFile('rows.arrow'), { features: [[5000, 5001]] });
    const [job] = await listJobs(bench.state);
    expect(job?.indexOf?.(3)).toBe(ownIndices[3]);
    const left = new Map([[0, 'value 1 is NaN']]);
    expect(describeQuarantine(left, job ?? {})).toEqual(['1 row is left out: feature 5000 (row 0): value 1 is NaN']);
    expect(quarantineFields(left, job ?? {}).quarantinedRows).toEqual([{ row: 0, index: 5000, why: 'value 1 is NaN' }]);
    expect(describeQuarantine(left, {})).toEqual(['1 row is left out: row 0: value 1 is NaN']);
    await rm(bench.state, { recursive: true });
    const file = join(bench.folder, 'other.jsonl');
    await writeFile(
      file,
      readFileSync(factFile('rows.jsonl'), 'utf8')
        .replace('"vector": [', '"vector": [0.75, ')
        .replace(/, [^,]+\]/, ']'),
    );
    await expect(bench.upload(file)).rejects.toMatchObject({
      code: 'feature_exists',
      message: expect.stringContaining('the first at index 5000 (row 0)'),
    });
    await writeFile(
      file,
      readFileSync(factFile('rows.jsonl'), 'utf8')
        .replace('"vector": [', '"vector": [1e39, ')
        .replace(/, [^,]+\]/, ']'),
    );
    await expect(bench.upload(file)).rejects.toMatchObject({
      code: 'not_finite',
      message: expect.stringContaining('feature 5000 (row 0), value 0'),
    });
  });

  it('give the rows of a job the names under which they are deleted', async () => {
    const bench = await openLibraryBench();
    const { report } = await bench.upload(factFile('rows.npz'));
    const state = await readJobState(bench.state, report.job);
    const names = bench.held().map((_, row) => state?.job && idOfRow(state.job, state, row));
    expect(names).toHaveLength(report.planned);
    expect([...names].sort()).toEqual(
      bench
        .held()
        .map(({ index }) => `tiny-kjv-4l/1-bench/${index}`)
        .sort(),
    );
  });

  it('have those indices in their labels when uploaded as vectors', async () => {
    const bench = await openLibraryBench();
    await bench.upload(factFile('rows.npz'), { as: 'vectors', features: [[5000, 5001]] });
    expect(bench.held().map(({ label }) => label)).toEqual(['bench L1 #5000']);
  });
});

describe('a single row', () => {
  it('with an index of its own takes --index instead, even if that is its row number', async () => {
    const bench = await openLibraryBench();
    const own = ownIndices[3] as number;
    expect(own).not.toBe(3);
    await bench.upload(factFile('rows.npz'), { features: [[own, own + 1]], index: 3 });
    expect(bench.held().map(({ index }) => index)).toEqual([3]);
  });

  it('takes the index that it is given, in a job for each index', async () => {
    const bench = await openLibraryBench();
    await bench.upload(factFile('row_3.npy'), { index: 4242 });
    await bench.upload(factFile('rows.npy'), { index: 7, features: [[4, 5]] });
    const vectors = await rowsOf(factFile('rows.npy'));
    expect(pairsOf(bench)).toEqual([
      { index: 7, vector: vectors[4] },
      { index: 4242, vector: vectors[3] },
    ]);
    const again = await bench.upload(factFile('row_3.npy'), { index: 4242 });
    expect(again.report).toMatchObject({ confirmed: 1, sent: 0 });
    // The same for one row of several: the others have no index, and the journal must be able to read that back.
    const other = await bench.upload(factFile('rows.npy'), { index: 7, features: [[4, 5]] });
    expect(other.report).toMatchObject({ confirmed: 1, sent: 0, found: 0 });
    const state = await readJobState(bench.state, other.report.job);
    expect(state?.job && idOfRow(state.job, state, 4)).toBe('tiny-kjv-4l/1-bench/7');
    const titles = (await listJobs(bench.state)).map(({ job }) => job.title);
    expect(titles).toEqual(['tiny-kjv-4l/1-bench (index 4242)', 'tiny-kjv-4l/1-bench (index 7)']);
  });

  it('is not held up by a refused upload under another index', async () => {
    let failing = true;
    const bench = await openLibraryBench(false, ({ path }) => (failing && path === upload ? refused : undefined));
    await expect(bench.upload(factFile('row_3.npy'), { index: 1 })).rejects.toMatchObject({ exitCode: 10 });
    failing = false;
    await bench.upload(factFile('row_3.npy'), { index: 2 });
    expect(bench.held().map(({ index }) => index)).toEqual([2]);
  });

  it('is required for --index, as several rows cannot share one', async () => {
    const bench = await openLibraryBench();
    await expect(bench.upload(factFile('rows.npy'), { index: 7 })).rejects.toMatchObject({ exitCode: 2 });
    expect(bench.held()).toEqual([]);
  });
});

describe('an invalid "index" array is refused:', () => {
  const cases: Record<string, [string, bigint[] | number[], RegExp]> = {
    'a duplicate index': ['I64', [4n, 9n, 4n], /rows 0 and 2 the same index 4 \(duplicate\)/],
    'a negative index': ['I64', [4n, -1n, 5n], /-1 at row 1/],
    'an index beyond what servers take': ['I64', [4n, 10_000_001n, 5n], /10000001 at row 1; indices are 0 to 10000000/],
    'a wrong length': ['I64', [4n, 5n], /has shape \[2\]; the 3 rows/],
    floats: ['F32', [0, 1, 2], /has type F32/],
  };
  it.each(Object.entries(cases))('%s', async (_, [dtype, values, message]) => {
    const bench = await openLibraryBench();
    const index = dtype === 'I64' ? BigInt64Array.from(values as bigint[]) : Float32Array.from(values as number[]);
    const matrix = Float32Array.from({ length: 3 * 64 }, (_, i) => Math.sin(i));
    const header = {
      index: { dtype, shape: [values.length], data_offsets: [0, index.byteLength] },
      W_dec: { dtype: 'F32', shape: [3, 64], data_offsets: [index.byteLength, index.byteLength + matrix.byteLength] },
    };
    const path = join(bench.folder, 'rows.safetensors');
    const data = Buffer.concat([new Uint8Array(index.buffer), new Uint8Array(matrix.buffer)]);
    await writeFile(path, safetensorsImage(JSON.stringify(header), data));
    await expect(bench.upload(path)).rejects.toMatchObject({ exitCode: 6, message: expect.stringMatching(message) });
  });
});
