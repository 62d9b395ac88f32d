import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect } from 'vitest';
import { openKeyStore } from '../../src/config/key-store.ts';
import { AppError } from '../../src/errors.ts';
import { openJournal, readJournal } from '../../src/upload/journal.ts';
import { encodeRecord, type JournalRecord } from '../../src/upload/journal-records.ts';
import { isLocked, takeLock } from '../../src/upload/lock.ts';
import { foldRecords } from '../upload/fold.ts';
import { damage, damaged } from './damage.ts';
import { anyJson, isPolluted, jsonLies, withLies } from './json-lies.ts';
import { inTime, keepsPromise } from './promise.ts';
import { type Property, property } from './property.ts';

const job: JournalRecord = {
  ...{ t: 'job', version: 1, server: 's', serverKind: 'public', serverName: 'S', account: 'a', accountName: 'A' },
  ...{ model: 'm', source: '1-x', as: 'features', title: 't', command: 'c', createdAt: '2026-01-01T00:00:00.000Z' },
};
const rows = fc
  .tuple(fc.nat(40), fc.integer({ min: 1, max: 9 }))
  .map(([from, count]): [number, number][] => [[from, from + count]]);
const batch = fc.nat(3);
const record: fc.Arbitrary<JournalRecord> = fc.oneof(
  fc.record({ t: fc.constant('plan'), rows }),
  fc.record({ t: fc.constant('found'), rows }),
  fc.record({ t: fc.constant('intent'), batch, key: fc.constant('k'), rows, hash: fc.constant('h') }),
  fc
    .record({
      t: fc.constant('stored'),
      batch,
      ids: fc.option(fc.array(fc.string({ maxLength: 4 }), { maxLength: 9 }), { nil: undefined }),
    })
    .map((one) => (one.ids ? one : { t: one.t, batch: one.batch })) as fc.Arbitrary<JournalRecord>,
  fc.record({ t: fc.constant('dropped'), batch, why: fc.string() }),
  fc.record({ t: fc.constant('deleting'), rows }),
  fc.record({ t: fc.constant('deleted'), rows }),
  fc.record({ t: fc.constant('resolved'), row: fc.nat(40), id: fc.option(fc.string()) }),
  fc.record({
    t: fc.constant('quarantined'),
    rows: fc.dictionary(fc.nat(40).map(String), fc.string({ maxLength: 5 })),
  }),
  fc.constant({ t: 'done' as const, at: 'now' }),
);
const records = fc.array(record, { maxLength: 20 }).map((all) => [job, ...all]);

/**
 * Whether bytes consist only of whole lines of a text. Lines that are lost or repeated as a whole leave no trace in the
 * others, but no disk loses exactly those.
 */
function isWholeLines(bytes: Buffer, whole: string): boolean {
  const lines = new Set(whole.split('\n'));
  return bytes
    .toString('latin1')
    .split('\n')
    .every((line) => lines.has(line));
}

/** Opens a journal and closes it. Returns 'refused' for an error of exit code 12. */
async function opened(path: string) {
  try {
    const journal = await inTime(() => openJournal(path));
    await journal.close();
    return journal;
  } catch (error) {
    if (!(error instanceof AppError) || error.exitCode !== 12) throw error;
    return 'refused';
  } finally {
    rmSync(`${path}.damaged`, { force: true });
  }
}

const owner = { id: 'x', host: hostname(), pid: 2 ** 30, start: 'then', since: '2026-01-01' };

export const stateProperties: readonly Property[] = [
  property(
    'journal',
    'any damage leaves what was known at some time, or nothing',
    60,
    fc.tuple(records, damage),
    async ([all, edits], { folder }) => {
      const path = join(folder, 'jobs', 'a.journal');
      const lines = all.map(encodeRecord);
      await opened(path);
      const bytes = damaged(Buffer.from(lines.join('')), edits);
      fc.pre(
        !isWholeLines(bytes, Buffer.from(lines.join('')).toString('latin1')) ||
          lines.join('').startsWith(bytes.toString()),
      );
      writeFileSync(path, bytes);
      const journal = await opened(path);
      if (journal === 'refused') return;
      const known = [[], ...all.map((_, i) => all.slice(0, i + 1))].map(foldRecords);
      expect(known).toContainEqual(journal.state);
      expect(
        bytes.length > 0 && journal.warnings.length === 0 && !lines.join('').startsWith(bytes.toString()),
        'damage in silence',
      ).toBe(false);
    },
  ),
  property(
    'journal',
    'any JSON anywhere, with a true checksum, is understood or set aside',
    80,
    fc.tuple(record, jsonLies),
    async ([lied, lies], { folder }) => {
      const path = join(folder, 'jobs', 'b.journal');
      await opened(path);
      const text = withLies(lied, lies);
      const line = `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`;
      writeFileSync(
        path,
        encodeRecord(job) + encodeRecord({ t: 'intent', batch: 0, key: 'k', rows: [[0, 9]], hash: 'h' }) + line,
      );
      await inTime(() => readJournal(path));
      await opened(path);
      expect(isPolluted()).toBe(false);
    },
  ),
  property(
    'lock',
    'whatever it holds, it is taken or somebody else’s',
    36,
    fc.oneof(
      jsonLies.map((lies) => withLies(owner, lies)),
      anyJson,
      fc.string(),
    ),
    async (text, { folder }) => {
      const path = join(folder, 'jobs', 'a.lock');
      if (!existsSync(join(folder, 'jobs'))) await opened(join(folder, 'jobs', 'c.journal'));
      writeFileSync(path, text);
      expect(typeof (await inTime(() => isLocked(path)))).toBe('boolean');
      const lock = await inTime(() => takeLock(path)).catch((error: unknown) => error);
      if (lock instanceof AppError) return expect(lock.exitCode).toBe(11);
      if (lock instanceof Error) throw lock;
      return (lock as Awaited<ReturnType<typeof takeLock>>).release();
    },
  ),
  property(
    'keys.json',
    'whatever it holds, a key is a text or there is none',
    24,
    fc.oneof(
      jsonLies.map((lies) => withLies({ 'https://a.b': 'key-of-a', 'https://c.d': 'key-of-c' }, lies)),
      anyJson,
      fc.string(),
    ),
    async (text, { folder }) => {
      writeFileSync(join(folder, 'keys.json'), text);
      await keepsPromise({ path: folder, bytes: text.length }, async () => {
        const store = openKeyStore(folder);
        expect(['string', 'undefined']).toContain(typeof store.get('https://a.b'));
        store.delete('https://c.d');
        store.set('https://a.b', 'another');
        expect(openKeyStore(folder).get('https://a.b')).toBe('another');
        expect(JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8'))['https://c.d']).toBeUndefined();
      });
      expect(isPolluted()).toBe(false);
    },
  ),
];
