import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Delivery, RowIdentity } from '../../src/upload/delivery.ts';
import { holdJob, readJobState } from '../../src/upload/held-jobs.ts';
import { knownJobs, listJobs } from '../../src/upload/jobs.ts';
import { isLostBeside, type JobPlace } from '../../src/upload/jobs-beside.ts';
import { journalPath } from '../../src/upload/journal.ts';
import { encodeRecord, type JournalRecord } from '../../src/upload/journal-records.ts';
import { tempFolder } from '../fixtures.ts';
import { foldRecords } from './fold.ts';

const job = (source: string, createdAt: string): JournalRecord => ({
  ...{ t: 'job', version: 1, server: 's', serverKind: 'upload-protocol', serverName: 'http://s' },
  ...{ account: 'a', accountName: 'a', model: 'm', source, as: 'features', title: 't', command: 'c', createdAt },
});

const batches = 8_000;

/** Makes a state folder with the journal of a long upload, more than half a megabyte, for each source. */
async function history(sources: readonly string[]): Promise<string> {
  const folder = await tempFolder();
  await mkdir(join(folder, 'jobs'));
  for (const [i, source] of sources.entries()) {
    const records = Array.from({ length: batches }, (_, batch): JournalRecord => {
      return { t: 'intent', batch, key: 'key', rows: [[batch, batch + 1]], hash: '0' };
    });
    const lines = [job(source, `2026-01-0${9 - i}`), { t: 'plan', rows: [[0, batches]] } as JournalRecord, ...records];
    const name = `${String(i).padStart(16, '0')}.journal`;
    await writeFile(join(folder, 'jobs', name), lines.map(encodeRecord).join(''));
  }
  return folder;
}

/** Returns the bytes that this process has read so far. Linux only. */
async function bytesRead(): Promise<number> {
  return Number(/rchar: (\d+)/.exec(await readFile('/proc/self/io', 'utf8'))?.[1]);
}

describe('the jobs of a state folder', () => {
  it('are listed with the latest begun last', async () => {
    const folder = await history(['1-a', '2-b', '3-c']);
    const all = await listJobs(folder);
    expect(all.map(({ job: { source }, batches: count }) => [source, count])).toEqual(
      ['3-c', '2-b', '1-a'].map((source) => [source, batches]),
    );
    expect(await listJobs(join(folder, 'nowhere'))).toEqual([]);
  });

  it.skipIf(!existsSync('/proc/self/io'))(
    'can be filtered: only the journals of those meant are read whole',
    async () => {
      const folder = await history(['1-a', '2-b', '3-c']);
      const journal = (await stat(join(folder, 'jobs', `${'1'.padStart(16, '0')}.journal`))).size;
      const before = await bytesRead();
      const meant = await listJobs(folder, ({ job: { source } }) => source === '2-b');
      const read = (await bytesRead()) - before;
      expect(meant).toMatchObject([{ job: { source: '2-b' }, batches }]);
      expect(read).toBeGreaterThan(journal);
      expect(read).toBeLessThan(1.5 * journal);
    },
  );

  it.skipIf(!existsSync('/proc/self/io'))('are found by reading only the first part of their journals', async () => {
    const folder = await history(['1-a', '2-b', '3-c']);
    const before = await bytesRead();
    const known = await knownJobs(folder);
    expect((await bytesRead()) - before).toBeLessThan(1 << 19);
    expect(known.map(({ job: { source } }) => source)).toEqual(['1-a', '2-b', '3-c']);
  });
});

it('a journal that a killed restart put aside still counts as the journal of its job', async () => {
  const folder = await history(['1-a']);
  const [{ id = '' } = {}] = await knownJobs(folder);
  const path = journalPath(folder, id);
  await rename(path, `${path}.before`);
  // Killed before the new journal was begun, and after.
  for (const text of [undefined, encodeRecord(job('1-a', '2026-02-01'))]) {
    if (text !== undefined) await writeFile(path, text);
    expect(await listJobs(folder)).toMatchObject([{ id, batches, planned: batches }]);
    expect(await readJobState(folder, id)).toMatchObject({ nextBatch: batches });
  }
  const held = await holdJob(id, { stateDir: folder, forceUnlock: false });
  expect(held.journal.state.nextBatch).toBe(batches);
  await held.close();
  expect(existsSync(`${path}.before`)).toBe(false);
});

it('a finished run over part of what was planned before does not finish the job', async () => {
  const folder = await history([]);
  const path = journalPath(folder, 'f'.repeat(16));
  const records: JournalRecord[] = [
    job('1-a', '2026-01-01'),
    { t: 'plan', rows: [[0, 512]] },
    { t: 'found', rows: [[0, 300]] },
    { t: 'plan', rows: [[0, 10]] },
    { t: 'done', at: '2026-01-02' },
  ];
  await writeFile(path, records.map(encodeRecord).join(''));
  expect(await listJobs(folder)).toMatchObject([{ state: 'interrupted', planned: 512, confirmed: 300 }]);
  // Unless that part is all that is still wanted, as with --skip-dead.
  const whole = records.map((record) => (record.t === 'plan' ? { ...record, whole: true as const } : record));
  await writeFile(path, whole.map(encodeRecord).join(''));
  expect(await listJobs(folder)).toMatchObject([{ state: 'done', planned: 10, confirmed: 10 }]);
});

it('unanswered requests of other jobs count if they hold rows that a job is about to look up', async () => {
  const folder = await history(['1-a']);
  const place = { server: 's', account: 'a', model: 'm', source: '1-a', as: 'features' } as const;
  const delivery = { format: {} } as Delivery;
  const isLost = (rows: [number, number], source = '1-a', self?: string) =>
    isLostBeside({ stateDir: folder, delivery }, { ...place, source }, self, [rows]);
  expect(await isLost([batches - 1, batches + 10])).toBe(true);
  expect(await isLost([batches, batches + 10])).toBe(false);
  expect(await isLost([0, 1], '1-b')).toBe(false);
  expect(await isLost([0, 1], '1-a', '0'.repeat(16))).toBe(false);
});

it('a journal in place of another one is read anew', async () => {
  const folder = await history([]);
  const [path, other] = [journalPath(folder, '0'.repeat(16)), join(folder, 'other')];
  const sources = async () => (await knownJobs(folder)).map(({ job: { source } }) => source);
  await writeFile(path, encodeRecord(job('1-a', '2026-01-01')));
  expect([await sources(), await sources()]).toEqual([['1-a'], ['1-a']]);
  await writeFile(other, encodeRecord(job('1-b', '2026-01-01')));
  await rename(other, path);
  expect(await sources()).toEqual(['1-b']);
});

it('unanswered requests of other jobs count if they may make the same vector', async () => {
  const folder = await history([]);
  const identity = { label: 'Refusal', place: 'm/1-a', hash: 'same' };
  const place = { server: 's', account: 'a', model: 'm', source: '1-a' };
  const one = { ...place, as: 'vector', request: 'x', vector: 'v' } as const;
  const lost: JournalRecord = { t: 'intent', batch: 0, key: 'k', rows: [[0, 1]], hash: 'h', identity };
  await writeFile(
    journalPath(folder, 'a'.repeat(16)),
    [{ ...job('1-a', '2026-01-01'), ...one } as JournalRecord, lost].map(encodeRecord).join(''),
  );
  const isLost = (other: Partial<JobPlace>, made: Partial<RowIdentity> = {}) => {
    const delivery = { format: {}, identify: () => ({ ...identity, ...made }) } as unknown as Delivery;
    return isLostBeside({ stateDir: folder, delivery }, { ...one, ...other }, undefined, [[0, 1]]);
  };
  expect(await isLost({})).toBe(true);
  // The same vector with another description, as a probe, or as a row of an SAE.
  expect(await isLost({ request: 'y' })).toBe(true);
  expect(await isLost({ request: 'y', as: 'probe' })).toBe(true);
  expect(await isLost({ request: undefined, vector: undefined, as: 'vectors', source: '1-sae' })).toBe(true);
  // Every single vector is its own row 0, so another one's request says nothing about this one.
  expect(await isLost({ request: 'y' }, { hash: 'other' })).toBe(false);
  expect(await isLost({ request: 'y', vector: 'at another strength' })).toBe(false);
  expect(await isLost({ account: 'b' })).toBe(false);
});

it('a job with an unreadable line in its journal is listed as damaged and cannot be held', async () => {
  const folder = await history(['1-a']);
  const [{ id = '' } = {}] = await knownJobs(folder);
  const path = journalPath(folder, id);
  const text = await readFile(path, 'utf8');
  await writeFile(path, `${text.replace('"plan"', '"plam"')}${encodeRecord({ t: 'done', at: '2026-01-02' })}`);
  expect(await listJobs(folder)).toMatchObject([{ id, damaged: true, state: 'interrupted' }]);
  const hold = holdJob(id, { stateDir: folder, forceUnlock: false });
  await expect(hold).rejects.toMatchObject({ code: 'checkpoint_damaged', exitCode: 12 });
  expect(existsSync(path)).toBe(true);
});

it('a journal adds up more ranges than a call can take arguments', () => {
  const rows = Array.from({ length: 200_000 }, (_, i): [number, number] => [2 * i, 2 * i + 1]);
  const records: JournalRecord[] = [
    job('1-a', '2026-01-01'),
    { t: 'plan', rows },
    { t: 'found', rows },
    { t: 'deleting', rows },
    { t: 'deleted', rows },
  ];
  const { planned, stored, deleted } = foldRecords(records);
  expect([planned, stored, deleted].map((ranges) => ranges.length)).toEqual([200_000, 0, 200_000]);
});
