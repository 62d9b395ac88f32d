import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { npyFile } from '../cli/fixtures.ts';
import { fixture, tempFolder } from '../fixtures.ts';
import { openLibraryBench } from './library-bench.ts';

it('a file that changes during its upload ends the upload, and only checked values are sent', async () => {
  const path = join(await tempFolder(), 'W_dec.npy');
  await copyFile(fixture('sae-tiny-encodings', 'W_dec.npy'), path);
  const before = await readFile(path);
  const bench = await openLibraryBench(false, async (request, nth) => {
    if (request.path === '/api/feature/upload-batch' && nth === 0) {
      // The new values are finite, so no other check would notice.
      const after = Buffer.from(before);
      after.fill(0, after.length - 400 * 64 * 4);
      await writeFile(path, after);
    }
    return undefined;
  });
  const upload = bench.upload(path);
  await expect(upload).rejects.toMatchObject({
    ...{ code: 'checkpoint_mismatch', exitCode: 12 },
    message: expect.stringContaining('W_dec.npy: changed while it was being uploaded'),
  });
  const sent = bench.held();
  expect(sent.length).toBeLessThan(20);
  const rows = before.subarray(before.length - 512 * 64 * 4);
  for (const { index, vector } of sent) {
    expect(vector).toBe(rows.subarray(index * 256, (index + 1) * 256).toString('hex'));
  }
  // The next run must not silently begin anew with the other values.
  await expect(bench.upload(path)).rejects.toMatchObject({ code: 'checkpoint_mismatch' });
});

const lines = (of: (index: number) => object) =>
  Array.from({ length: 512 }, (_, index) => JSON.stringify({ index, ...of(index) })).join('\n');
const example = (index: number) => ({ tokens: ['a king', `of ${index}`], values: [1, 0.5] });
const batch = () => {
  const features = Array.from({ length: 512 }, (_, index) => ({ feature_index: index, activations: [example(index)] }));
  return JSON.stringify({ model_id: 'tiny-kjv-4l', layer: 1, features });
};

it.each([
  ['examples', 'activations', 'acts.jsonl', () => lines((index) => ({ activations: [example(index)] }))],
  ['an SAEDashboard batch', 'activations', 'batch-0.json', batch],
  ['facts', 'featureMetadata', 'facts.jsonl', () => lines(() => ({ description: 'a king '.repeat(200) }))],
] as const)('a changed side file ends the upload, and only checked data is sent: %s', async (_, option, name, text) => {
  const folder = await tempFolder();
  const path = join(folder, name);
  await writeFile(path, text());
  const bench = await openLibraryBench(false, async (request, nth) => {
    // Valid, and as long as before.
    if (request.path === '/api/feature/upload-batch' && nth === 0)
      await writeFile(path, text().replaceAll('king', 'lord'));
    return undefined;
  });
  const given = { [option]: name.endsWith('.json') ? folder : path };
  const upload = bench.upload(fixture('sae-tiny-encodings', 'W_dec.npy'), given);
  await expect(upload).rejects.toMatchObject({
    code: 'checkpoint_mismatch',
    message: expect.stringContaining(`${name}: changed while it was being uploaded`),
  });
  const told = bench.ask('SELECT details FROM features').concat(bench.ask('SELECT * FROM activations'));
  expect(JSON.stringify(told)).toContain('king');
  expect(JSON.stringify(told)).not.toContain('lord');
});

it('an unanswered batch is not rebuilt from changed rows, even if they are no longer planned', async () => {
  const path = join(await tempFolder(), 'W_dec.npy');
  const values = (more: number) =>
    npyFile([2100, 64], (position) => Math.sin(position) + (position < 128_000 ? 0 : more));
  const pairs = (...starts: number[]) => ({ features: starts.map((start): [number, number] => [start, start + 2]) });
  await writeFile(path, values(0));
  let away = true;
  const bench = await openLibraryBench(false, ({ path: asked }) =>
    away && asked === '/api/feature/upload-batch' ? { kind: 'reset-before' } : undefined,
  );
  const stop = new AbortController();
  const onEvent = ({ type }: { type: string }) => type === 'retry' && stop.abort();
  const { report } = await bench.upload(path, pairs(0, 2000), { onEvent, stop: stop.signal });
  expect(report).toMatchObject({ confirmed: 0, end: { type: 'stopped' } });
  away = false;
  await writeFile(path, values(0.5));
  const changed = {
    code: 'checkpoint_mismatch',
    message: expect.stringContaining('its values changed within rows 1024-'),
  };
  await expect(bench.upload(path, pairs(0))).rejects.toMatchObject(changed);
  await expect(bench.upload(path, pairs(0, 2048))).rejects.toMatchObject(changed);
  expect(bench.held()).toEqual([]);
  // Nothing of the refused file may be recorded, or the right file would be refused now.
  await writeFile(path, values(0));
  const { report: whole } = await bench.upload(path, pairs(0, 2048));
  expect(whole).toMatchObject({ confirmed: 4, end: { type: 'finished' } });
  expect(bench.held().map(({ index }) => index)).toEqual([0, 1, 2000, 2001, 2048, 2049]);
});
