import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { holdJob } from '../../src/upload/held-jobs.ts';
import { listJobs } from '../../src/upload/jobs.ts';
import { takeLock } from '../../src/upload/lock.ts';
import { resolveRows } from '../../src/upload/resolve-row.ts';
import { factFile, openLibraryBench } from './library-bench.ts';

it('once another run has taken a job, the first can neither delete nor resolve its rows', async () => {
  const bench = await openLibraryBench();
  const { report } = await bench.upload(factFile('rows.npy'));
  const take = () => takeLock(join(bench.state, 'jobs', `${report.job}.lock`), { force: true });
  const held = await holdJob(report.job, { stateDir: bench.state, forceUnlock: false });
  await held.journal.append({ t: 'intent', batch: 99, key: 'k', rows: [[16, 17]], hash: 'h' });
  const other = await take();
  await held.journal.append({ t: 'deleting', rows: [[5, 6]] });
  await expect(held.journal.sync()).rejects.toMatchObject({ code: 'locked', exitCode: 11 });
  await held.close();
  await other.release();
  const read = async () => {
    await take();
    return { label: undefined, vector: undefined };
  };
  const resolving = resolveRows(bench.state, report.job, [{ row: 16, id: 'tiny-kjv-4l/1-bench/16' }], read);
  await expect(resolving).rejects.toMatchObject({ code: 'locked' });
});

it('rows of a damaged journal cannot be resolved, and the journal stays as it is', async () => {
  const bench = await openLibraryBench();
  const { report } = await bench.upload(factFile('rows.npy'));
  const path = join(bench.state, 'jobs', `${report.job}.journal`);
  const text = await readFile(path, 'utf8');
  const [first = '', second = '', ...others] = text.split('\n');
  const damaged = [first, second.toUpperCase(), ...others].join('\n');
  await writeFile(path, damaged);
  const read = async () => undefined;
  const resolving = resolveRows(bench.state, report.job, [{ row: 1, id: null }], read);
  await expect(resolving).rejects.toMatchObject({ code: 'checkpoint_damaged', exitCode: 12 });
  expect(await readFile(path, 'utf8')).toBe(damaged);
  expect((await readdir(join(bench.state, 'jobs'))).filter((name) => name.includes('damaged'))).toEqual([]);
});

it('a refused run leaves its journal alone if another run has taken the job', async () => {
  let isTaken = false;
  const bench = await openLibraryBench(false, async ({ path }) => {
    if (!isTaken || path !== '/api/features') return undefined;
    const [{ id = '' } = {}] = await listJobs(bench.state);
    const taken = await takeLock(join(bench.state, 'jobs', `${id}.lock`), { force: true });
    onTestFinished(() => taken.release());
    return { kind: 'answer', commit: false, status: 403, body: '{"error":"no"}' };
  });
  // Without its journal, the next run looks up what the server has.
  await bench.upload(factFile('rows.npy'));
  await rm(bench.state, { recursive: true });
  isTaken = true;
  await expect(bench.upload(factFile('rows.npy'))).rejects.toMatchObject({ code: 'refused' });
  // Had it still held the job, it would have removed the journal, as nothing of it was stored.
  expect(await listJobs(bench.state)).toHaveLength(1);
});
