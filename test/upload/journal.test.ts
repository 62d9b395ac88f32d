import { readFileSync, statSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { openJournal, readJobRecord, readJournal } from '../../src/upload/journal.ts';
import { decodeJournal, encodeRecord, type JournalRecord } from '../../src/upload/journal-records.ts';
import { pendingRows } from '../../src/upload/journal-state.ts';
import { journalWriter } from '../../src/upload/journal-writer.ts';
import { foldRecords } from './fold.ts';

const job: JournalRecord = {
  t: 'job',
  version: 1,
  server: 's',
  serverKind: 'upload-protocol',
  serverName: 'http://localhost',
  account: 'u',
  accountName: 'you',
  model: 'm',
  source: '1-x',
  as: 'features',
  title: 'm/1-x',
  command: 'neuronpedia upload-sae x',
  createdAt: '2026-11-22T00:00:00.000Z',
};
const intent = (batch: number, start: number, end: number): JournalRecord => ({
  t: 'intent',
  batch,
  key: `k${batch}`,
  rows: [[start, end]],
  hash: 'h',
});
const records: JournalRecord[] = [
  job,
  { t: 'data', rows: 100, width: 4, fields: 'f' },
  { t: 'blocks', hashes: { 0: 'aa' } },
  { t: 'plan', rows: [[0, 100]] },
  intent(0, 0, 32),
  intent(1, 32, 64),
  { t: 'stored', batch: 0 },
  intent(2, 64, 96),
  { t: 'stored', batch: 2, ids: Array.from({ length: 32 }, (_, i) => `id${i}`) },
  { t: 'dropped', batch: 1, why: 'too_large' },
  intent(3, 32, 48),
];

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'np-journal-'));
  path = join(folder, 'jobs', 'j.journal');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('what a journal adds up to', () => {
  it('tells what is stored, what is unknown, and what is left to send', () => {
    const state = foldRecords(records);
    expect(state.stored).toEqual([
      [0, 32],
      [64, 96],
    ]);
    expect(state.unknown.map(({ batch }) => batch)).toEqual([3]);
    expect(pendingRows(state, [[0, 100]])).toEqual([
      [48, 64],
      [96, 100],
    ]);
    expect(state.ids.get(65)).toBe('id1');
    expect(state.nextBatch).toBe(4);
    expect(state.done).toBe(false);
  });

  it('is done only while no plan follows `done`', () => {
    const done: JournalRecord = { t: 'done', at: 'now' };
    expect(foldRecords([...records, done]).done).toBe(true);
    expect(foldRecords([...records, done, { t: 'plan', rows: [[0, 200]] }]).done).toBe(false);
  });

  it('goes on with the latest command that has rows to send', () => {
    const typed = (word: string): JournalRecord => ({ t: 'typed', words: [word], folder: '', command: word });
    const plan = (...rows: [number, number]): JournalRecord => ({ t: 'plan', rows: [rows] });
    const found = (...rows: [number, number]): JournalRecord => ({ t: 'found', rows: [rows] });
    const both = [typed('a'), plan(0, 10), found(0, 8), typed('b'), plan(20, 30), found(20, 29)];
    expect(foldRecords(both).typed).toMatchObject({ command: 'b' });
    expect(foldRecords([...both, found(29, 30)])).toMatchObject({ typed: { command: 'a' }, noted: { command: 'b' } });
    expect(foldRecords([...both, found(29, 30), found(8, 10)]).typed).toMatchObject({ command: 'b' });
    expect(foldRecords([...both, found(29, 30), { t: 'deleted', rows: [[8, 10]] }]).typed).toMatchObject({
      command: 'b',
    });
  });

  it('is paused only while `paused` is the last record', () => {
    const paused: JournalRecord = { t: 'paused', at: 'now', why: 'spent', resumeAt: null };
    expect(foldRecords(records).paused).toBeUndefined();
    const state = foldRecords([...records, paused]);
    expect(state).toMatchObject({ paused: { why: 'spent', resumeAt: null }, done: false });
    const goesOn: JournalRecord[] = [
      intent(7, 90, 100),
      { t: 'typed', words: [], folder: '' },
      { t: 'done', at: 'now' },
    ];
    for (const next of goesOn) expect(foldRecords([...records, paused, next]).paused).toBeUndefined();
    expect(decodeJournal(Buffer.from(encodeRecord(paused))).records).toEqual([paused]);
  });

  it('counts rows that were found as stored, and a batch of which every row was found as settled', () => {
    const state = foldRecords([...records, { t: 'found', rows: [[32, 50]] }]);
    expect(state.unknown).toEqual([]);
    expect(state.found).toEqual([[32, 50]]);
    expect(state.stored).toEqual([
      [0, 50],
      [64, 96],
    ]);
  });
});

describe('a journal on disk', () => {
  it('reads back as it was written, and only its owner may read it', async () => {
    const journal = await openJournal(path);
    for (const record of records) {
      await journal.append(record);
      expect(journal.state).toEqual((await readJournal(path))?.state);
    }
    await journal.sync();
    await journal.close();
    expect((await readJournal(path))?.state).toEqual(foldRecords(records));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'jobs'))).mode & 0o777).toBe(0o700);
  });

  it('cut off at any byte keeps every complete record, warns, and can be continued', async () => {
    const lines = records.map(encodeRecord);
    const whole = Buffer.from(lines.join(''));
    for (let cut = 0; cut <= whole.length; cut++) {
      const decoded = decodeJournal(whole.subarray(0, cut));
      let complete = 0;
      for (let end = 0; complete < lines.length; complete++) {
        end += Buffer.byteLength(lines[complete] as string);
        if (end > cut) break;
      }
      expect(decoded.records).toEqual(records.slice(0, complete));
      expect(decoded.damaged).toBe(false);
    }
    await openJournal(path).then((journal) => journal.close());
    await appendFile(path, whole.subarray(0, whole.length - 3));
    const journal = await openJournal(path);
    expect(journal.warnings.join()).toContain('cut off, by a crash or a full disk');
    await journal.append({ t: 'done', at: 'now' });
    await journal.close();
    expect(decodeJournal(await readFile(path)).records).toEqual([...records.slice(0, -1), { t: 'done', at: 'now' }]);
  });

  it('with one bit flipped in any byte counts as damaged or as cut off, and yields no false record', async () => {
    const whole = Buffer.from(records.map(encodeRecord).join(''));
    for (let at = 0; at < whole.length; at++) {
      const bytes = Buffer.from(whole);
      bytes[at] = (whole[at] as number) ^ (1 << (at % 8));
      const decoded = decodeJournal(bytes);
      expect(decoded.records.length).toBeLessThan(records.length);
      for (const record of decoded.records) expect(records).toContainEqual(record);
      expect(decoded.damaged || decoded.tornTail, `byte ${at}`).toBe(true);
    }
  });

  it('fails for good after a failed fsync, since a later one would succeed without the lost data', async () => {
    const file = await open(join(folder, 'failing'), 'a');
    const writer = journalWriter(path, file, { stillOurs: async () => undefined, named: Promise.resolve() });
    const sync = file.datasync.bind(file);
    file.datasync = () => Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
    await writer.append(job);
    await expect(writer.sync()).rejects.toMatchObject({ code: 'checkpoint_damaged', exitCode: 12 });
    file.datasync = sync;
    await expect(writer.sync()).rejects.toMatchObject({ code: 'checkpoint_damaged' });
    await expect(writer.append(job)).rejects.toMatchObject({ code: 'checkpoint_damaged' });
    await writer.close();
  });

  it('is durable only once its name is, and never if that failed', async () => {
    const file = await open(join(folder, 'named'), 'a');
    const writing = (named: Promise<void>) => journalWriter(path, file, { stillOurs: async () => undefined, named });
    let name = (): void => undefined;
    const later = writing(
      new Promise((resolve) => {
        name = resolve;
      }),
    );
    let isDurable = false;
    const synced = later.sync().then(() => {
      isDurable = true;
    });
    await file.datasync();
    await file.datasync();
    expect(isDurable).toBe(false);
    name();
    await synced;
    const never = writing(Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })));
    await expect(never.sync()).rejects.toMatchObject({ code: 'checkpoint_damaged', exitCode: 12 });
    await never.close();
  });

  it('holds a record as soon as its append has resolved', async () => {
    await (await openJournal(path)).close();
    const file = await open(path, 'a');
    const problems: string[] = [];
    const writer = journalWriter(path, file, { stillOurs: async () => undefined, named: Promise.resolve() });
    const append = async (batch: number) => {
      await writer.append({ t: 'dropped', batch, why: 'a test' });
      const { records } = decodeJournal(readFileSync(path));
      if (!records.some((record) => record.t === 'dropped' && record.batch === batch))
        problems.push(`${batch} is missing`);
    };
    const writeMany = async (from: number) => {
      for (let batch = from; batch < from + 40; batch++) await append(batch);
    };
    await Promise.all([0, 100, 200].map(writeMany));
    await writer.close();
    expect(problems).toEqual([]);
    expect(decodeJournal(readFileSync(path)).records).toHaveLength(120);
  });

  it('taken over by another run gets no more records from the first, whose next sync fails', async () => {
    let isOurs = true;
    const stillOurs = async () => {
      if (!isOurs) throw new AppError('locked', 'taken');
    };
    const first = await openJournal(path, { stillOurs });
    await first.append(...records.slice(0, 5));
    await first.sync();
    const second = await openJournal(path, { takenOver: true });
    isOurs = false;
    await first.append({ t: 'stored', batch: 0 });
    await expect(first.sync()).rejects.toMatchObject({ code: 'locked' });
    await expect(first.append({ t: 'dropped', batch: 0, why: 'late' })).rejects.toMatchObject({ code: 'locked' });
    await second.append(intent(1, 32, 64));
    await second.sync();
    await Promise.all([first.close(), second.close()]);
    expect(decodeJournal(await readFile(path)).records).toEqual([...records.slice(0, 5), intent(1, 32, 64)]);
  });

  it('damaged before its end is set aside, and a new one is begun', async () => {
    await openJournal(path).then((journal) => journal.close());
    const text = records.map(encodeRecord).join('');
    await writeFile(path, text.replace('"batch":0', '"batch":7'));
    const journal = await openJournal(path);
    expect(journal.state.job).toBeUndefined();
    expect(journal.warnings.join()).toContain('damaged');
    await journal.close();
    expect(await readFile(`${path}.damaged`, 'utf8')).toContain('"batch":7');
  });

  it('names its job in the first line, and names none if that is missing, torn or damaged', async () => {
    const [first, ...rest] = records.map(encodeRecord) as [string, ...string[]];
    const cases: [text: string, found: JournalRecord | undefined][] = [
      [first + rest.join(''), job],
      [`${first}what follows may be damaged\n`, job],
      [first.slice(0, -1), undefined],
      [first.replace('"job"', '"jab"') + rest.join(''), undefined],
      [rest.join(''), undefined],
      ['', undefined],
    ];
    const long = { ...job, command: `neuronpedia upload-sae ${'x'.repeat(10_000)}` } as JournalRecord;
    cases.push([encodeRecord(long) + rest.join(''), long]);
    for (const [text, found] of cases) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
      expect(await readJobRecord(path)).toEqual(found);
    }
    expect(await readJobRecord(`${path}.not`)).toBeUndefined();
  });

  it('is durable up to each record whose sync has resolved, though syncs at the same time share one fsync', async () => {
    await (await openJournal(path)).close();
    const file = await open(path, 'a');
    const writer = journalWriter(path, file, { stillOurs: async () => undefined, named: Promise.resolve() });
    const datasync = file.datasync.bind(file);
    let [fsyncs, durable] = [0, 0];
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    file.datasync = async () => {
      fsyncs++;
      const { size } = statSync(path);
      begin();
      await datasync();
      durable = Math.max(durable, size);
    };
    const tooEarly: JournalRecord[] = [];
    const appendDurably = async (record: JournalRecord) => {
      await writer.append(record);
      const end = readFileSync(path).indexOf(encodeRecord(record)) + Buffer.byteLength(encodeRecord(record));
      await writer.sync();
      if (durable < end) tooEarly.push(record);
    };
    const first = appendDurably(job);
    await begun;
    // The fsync under way may have begun too early for the other records; one more covers all of them.
    await Promise.all([first, ...records.slice(1).map(appendDurably)]);
    await writer.close();
    expect(tooEarly).toEqual([]);
    expect(fsyncs).toBe(2);
    expect(decodeJournal(await readFile(path)).records).toEqual(records);
  });
});
