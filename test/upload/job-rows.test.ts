import { describe, expect, it } from 'vitest';
import { rowsToDelete } from '../../src/upload/job-rows.ts';
import {
  failedAgain,
  type JobRecord,
  type JournalRecord,
  lookedUp,
  madeAgain,
  neverSent,
} from '../../src/upload/journal-records.ts';
import { foldRecords } from './fold.ts';

const job = (as: JobRecord['as']): JobRecord => ({
  ...{ t: 'job', version: 1, server: 's', serverKind: 'public', serverName: 's', account: 'a', accountName: 'a' },
  ...{ model: 'm', source: '1-x', as, title: 't', command: 'c', createdAt: '2026-01-01' },
});

type Rows = [number, number][];
const intent = (batch: number, rows: Rows): JournalRecord => ({
  t: 'intent',
  batch,
  key: `k${batch}`,
  rows,
  hash: 'h',
});
const rowsOf = (as: JobRecord['as'], records: JournalRecord[], foundToo = false) =>
  rowsToDelete('id', job(as), foldRecords([job(as), ...records]), { server: { words: '--sandbox' }, foundToo });

describe('the rows that deleting a job deletes', () => {
  const records: JournalRecord[] = [
    { t: 'found', rows: [[0, 2]] },
    { t: 'plan', rows: [[0, 8]] },
    intent(0, [[2, 4]]),
    { t: 'stored', batch: 0 },
    // Its answer was lost and a look-up found it, so it still came from this job.
    intent(1, [[4, 5]]),
    { t: 'found', rows: [[4, 5]] },
    // Its outcome is unknown, but whatever is there came from this job.
    intent(2, [[5, 6]]),
  ];

  it('are those that it sent, not those that it found on the server before', () => {
    const expected = {
      ids: ['m/1-x/2', 'm/1-x/3', 'm/1-x/4', 'm/1-x/5'],
      foundBefore: 2,
      nameless: [],
      unanswered: new Set(['m/1-x/5']),
    };
    expect(rowsOf('features', records)).toEqual(expected);
    expect(rowsOf('features', records, true).ids).toHaveLength(6);
  });

  it('include those of a batch without an answer that was made again, until they were looked for', () => {
    const remade: JournalRecord[] = [
      intent(3, [[6, 8]]),
      { t: 'dropped', batch: 3, why: madeAgain },
      intent(4, [[6, 7]]),
      { t: 'dropped', batch: 4, why: neverSent },
    ];
    const { ids, unanswered } = rowsOf('features', [...records, ...remade]);
    expect(ids.slice(-2)).toEqual(['m/1-x/6', 'm/1-x/7']);
    expect(unanswered).toEqual(new Set(['m/1-x/5', 'm/1-x/6', 'm/1-x/7']));
    const looked: JournalRecord[] = [intent(5, [[7, 8]]), { t: 'dropped', batch: 5, why: lookedUp }];
    expect(rowsOf('features', [...records, ...remade, ...looked]).ids.at(-1)).toBe('m/1-x/6');
    const failed: JournalRecord[] = [intent(5, [[7, 8]]), { t: 'dropped', batch: 5, why: failedAgain }];
    const settled: JournalRecord[] = [{ t: 'resolved', row: 7, id: null }];
    const gone: JournalRecord[] = [
      { t: 'deleting', rows: [[7, 8]] },
      { t: 'deleted', rows: [[7, 8]] },
    ];
    for (const more of [failed, settled, gone])
      expect(rowsOf('features', [...records, ...remade, ...more]).unanswered).toEqual(new Set(['m/1-x/5', 'm/1-x/6']));
    const stored: JournalRecord[] = [intent(5, [[6, 8]]), { t: 'stored', batch: 5 }];
    expect(rowsOf('features', [...records, ...remade, ...stored])).toMatchObject({
      unanswered: new Set(['m/1-x/5']),
    });
  });

  it('include none of a batch that was never sent, even if another upload has stored them since', () => {
    const others: JournalRecord[] = [
      intent(3, [[6, 8]]),
      { t: 'dropped', batch: 3, why: neverSent },
      { t: 'found', rows: [[6, 8]] },
    ];
    const { ids, foundBefore } = rowsOf('features', [...records, ...others]);
    expect(ids).not.toContain('m/1-x/6');
    expect([ids.length, foundBefore]).toEqual([4, 4]);
    // A batch that the server failed on may have been stored, so what is found of it counts as sent.
    const failed = others.map(
      (record): JournalRecord => (record.t === 'dropped' ? { ...record, why: 'failed' } : record),
    );
    expect(rowsOf('features', [...records, ...failed]).ids).toContain('m/1-x/6');
  });

  it('leave out those already deleted, unless they were sent again', () => {
    const gone: JournalRecord[] = [
      { t: 'deleting', rows: [[2, 4]] },
      { t: 'deleted', rows: [[2, 3]] },
    ];
    expect(rowsOf('features', [...records, ...gone]).ids).toEqual(['m/1-x/3', 'm/1-x/4', 'm/1-x/5']);
    const again: JournalRecord[] = [{ t: 'plan', rows: [[0, 8]] }, intent(3, [[2, 3]]), { t: 'stored', batch: 3 }];
    expect(rowsOf('features', [...records, ...gone, ...again]).ids).toEqual(['m/1-x/2', 'm/1-x/4', 'm/1-x/5']);
  });

  it('go by the names that the server gave them, and are listed if they have none', () => {
    const vectors: JournalRecord[] = [
      intent(0, [[0, 1]]),
      { t: 'stored', batch: 0, ids: ['m/1-y/90000001'] },
      intent(1, [[1, 2]]),
    ];
    expect(rowsOf('vectors', vectors)).toEqual({
      ids: ['m/1-y/90000001'],
      foundBefore: 0,
      nameless: [[1, 2]],
      unanswered: new Set(),
    });
  });

  it('are refused for activations, naming the command that deletes their vector, with its server', () => {
    const hints = ['neuronpedia delete 1-x --sandbox'];
    expect(() => rowsOf('activations', [])).toThrow(expect.objectContaining({ code: 'usage', hints }));
  });
});

const data: JournalRecord[] = [
  { t: 'data', rows: 4, width: 2, fields: '{}' },
  { t: 'blocks', hashes: { 0: 'x' } },
  { t: 'plan', rows: [[0, 4]] },
  intent(0, [[0, 4]]),
  { t: 'stored', batch: 0 },
  { t: 'done', at: 'now' },
];

describe('a journal with deleted rows', () => {
  it('stays bound to its data until the last row is deleted', () => {
    const part = foldRecords([job('features'), ...data, { t: 'deleted', rows: [[0, 3]] }]);
    expect(part).toMatchObject({ data: { rows: 4 }, done: false, stored: [[3, 4]], deleted: [[0, 3]] });
    const all = foldRecords([job('features'), ...data, { t: 'deleted', rows: [[0, 4]] }]);
    expect(all.data).toBeUndefined();
    expect(all.blocks.size).toBe(0);
    expect(all).toMatchObject({ stored: [], unknown: [], deleted: [[0, 4]], deleting: [] });
  });

  it('has no open batch that would send deleted rows again', () => {
    const lost = data.filter(({ t }) => t !== 'stored' && t !== 'done');
    const found: JournalRecord[] = [{ t: 'found', rows: [[0, 4]] }];
    const one: JournalRecord[] = [{ t: 'deleted', rows: [[1, 2]] }];
    expect(foldRecords([job('features'), ...lost]).unknown).toHaveLength(1);
    expect(foldRecords([job('features'), ...lost, ...found, ...one]).unknown).toEqual([]);
    // A deleted row is taken out of a batch that is to be sent again.
    const taken: JournalRecord[] = [
      { t: 'deleting', rows: [[1, 2]] },
      { t: 'deleted', rows: [[1, 2]] },
    ];
    const [open] = foldRecords([job('features'), ...lost, ...taken]).unknown;
    expect(open?.rows.some(([start, end]) => start <= 1 && end > 1)).toBe(false);
  });
});

describe('a journal of a finished job', () => {
  const finished: JournalRecord[] = [job('features'), ...data];

  it('stays finished if a deletion deleted nothing', () => {
    const rows: [number, number][] = [[0, 4]];
    expect(foldRecords([...finished, { t: 'deleting', rows }]).done).toBe(false);
    expect(foldRecords([...finished, { t: 'deleting', rows }, { t: 'found', rows }]).done).toBe(true);
    const some = foldRecords([
      ...finished,
      { t: 'deleting', rows },
      { t: 'deleted', rows: [[0, 1]] },
      { t: 'found', rows: [[1, 4]] },
    ]);
    expect(some.done).toBe(false);
  });

  it('forgets what was planned and left out if other data comes after its last row was deleted', () => {
    const left: JournalRecord = { t: 'quarantined', rows: { 2: 'failed' } };
    const state = foldRecords([...finished, left, { t: 'deleted', rows: [[0, 4]] }, data[0] as JournalRecord]);
    expect(state).toMatchObject({ planned: [], quarantined: new Map(), sent: [] });
  });
});
