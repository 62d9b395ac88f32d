import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countRows, intersectRanges, mergeRanges, rangesOf } from '../../src/tensor/ranges.ts';
import type { OnEvent } from '../../src/upload/events.ts';
import { listJobs } from '../../src/upload/jobs.ts';
import { journalPath } from '../../src/upload/journal.ts';
import { encodeRecord, type JournalRecord } from '../../src/upload/journal-records.ts';
import type { SaeOptions } from '../../src/upload/kinds/prepared-sae.ts';
import { parseShard, type Shard, shardSpan } from '../../src/upload/shard.ts';
import { npyFile, rowsOf } from '../cli/fixtures.ts';
import { fixture } from '../fixtures.ts';
import { seededRandom } from '../seeded-random.ts';
import type { Plan } from './fault-proxy.ts';
import { openLibraryBench } from './library-bench.ts';

const tiny = fixture('sae-tiny');
const activations = fixture('sae-tiny', 'activations.jsonl');
const shards = (of: number): Shard[] => Array.from({ length: of }, (_, i) => ({ part: i + 1, of }));

const perFeature = 'SELECT count(*) AS count FROM activations GROUP BY feature_id';

describe('the parts of an SAE', () => {
  it('cover every row once and differ by at most one planned row', () => {
    const random = seededRandom(7);
    const upTo = (most: number) => Math.floor(random() * (most + 1));
    for (let round = 0; round < 500; round++) {
      const rows = 1 + upTo(60);
      const planned = rangesOf(Array.from({ length: rows }, (_, row) => row).filter(() => random() < 0.6));
      const of = 1 + upTo(80);
      const spans = shards(of).map((shard) => shardSpan(planned, rows, shard));
      const sizes = spans.map((span) => countRows(intersectRanges(planned, span)));
      expect(spans.reduce((sum, span) => sum + countRows(span), 0)).toBe(rows);
      expect(mergeRanges(spans.flat())).toEqual([[0, rows]]);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });

  it('are counted from 1', () => {
    expect(parseShard('2/8')).toEqual({ part: 2, of: 8 });
    for (const text of ['0/8', '9/8', '1/0', '1', '/8', '1/8/9', '01/8', '1.5/8', '-1/8', ' 1/8']) {
      expect(parseShard(text)).toBeUndefined();
    }
  });
});

describe('shards of an SAE', () => {
  it.each([['a server with the upload protocol', false] as const, ['the public server', true] as const])(
    'that run at once share one source set and send every row once to %s',
    async (_, isPublic) => {
      // More shards than the public server takes attempts to create a source set in an hour.
      const bench = await openLibraryBench(isPublic, undefined, isPublic ? { rateLimit: true } : {});
      const count = isPublic ? 12 : 5;
      const options = { activations, saeId: 'parts', features: [[100, 200]] } as const;
      const ended = await Promise.all(shards(count).map((shard) => bench.upload(tiny, { ...options, shard })));
      const rows = await rowsOf(fixture('sae-tiny', 'sae_weights.safetensors'), 'W_dec');
      const examples = bench.ask(perFeature);
      const there = bench.held('parts');
      const sum = (name: 'planned' | 'sent') => ended.reduce((total, { report }) => total + report[name], 0);
      expect([sum('planned'), sum('sent')]).toEqual([there.length, there.length]);
      if (!isPublic) expect(there.map(({ vector }) => vector)).toEqual(rows.slice(100, 200));
      const whole = await bench.upload(tiny, options);
      expect(whole.report).toMatchObject({ planned: there.length, found: there.length, sent: 0 });
      expect(bench.ask(perFeature)).toEqual(examples);
      const once = await openLibraryBench(isPublic);
      await once.upload(tiny, options);
      expect(once.ask(perFeature)).toEqual(examples);
      expect((await listJobs(bench.state)).map(({ job }) => job.shard).sort()).toHaveLength(count + 1);
    },
  );

  it('use the existing source set if others have spent the hourly attempts to create it', async () => {
    const refusal = {
      kind: 'answer',
      commit: true,
      status: 429,
      body: JSON.stringify({ limitPerWindow: 10, requestWindow: '60 m', remainingRequests: 0, error: 'too many' }),
    } as const;
    const bench = await openLibraryBench(true, ({ path }) => (path === '/api/source-set/new' ? refusal : undefined));
    const { report } = await bench.upload(tiny, {
      activations,
      saeId: 'late',
      features: [[0, 99]],
      shard: { part: 1, of: 40 },
    });
    expect(report).toMatchObject({ end: { type: 'finished' } });
    expect(report.planned).toBeGreaterThan(0);
    expect(report.sent).toBe(report.planned);
    expect(bench.held('late')).toHaveLength(report.planned);
    expect(bench.proxy.seen.filter(({ path }) => path === '/api/source-set/new')).toHaveLength(1);
  });

  it('share the quota and use up all of it, and those with rows left say when it is reset', async () => {
    const bench = await openLibraryBench(false, undefined, { tier: 'free' });
    const file = join(bench.folder, 'W_dec.npy');
    writeFileSync(
      file,
      npyFile([1100, 64], (i) => i),
    );
    const ended = await Promise.all(shards(3).map((shard) => bench.upload(file, { shard })));
    expect(bench.held()).toHaveLength(1000);
    for (const { report } of ended) {
      const isWhole = report.confirmed === report.planned;
      expect(report.end).toMatchObject(isWhole ? { type: 'finished' } : { type: 'quota', resumeAt: expect.any(Date) });
    }
    expect(ended.reduce((sum, { report }) => sum + report.sent, 0)).toBe(1000);
  });

  it('without any rows finish at once if there are more shards than rows', async () => {
    const bench = await openLibraryBench();
    const ended = [];
    for (const shard of shards(4)) ended.push(await bench.upload(tiny, { features: [[5, 7]], shard }));
    expect(ended.map(({ report }) => [report.planned, report.end.type])).toEqual([
      [0, 'finished'],
      [1, 'finished'],
      [0, 'finished'],
      [1, 'finished'],
    ]);
    expect(bench.held().map(({ index }) => index)).toEqual([5, 6]);
  });

  it('leave out the bad rows of their own part, even if all of it is bad', async () => {
    const bench = await openLibraryBench();
    const file = join(bench.folder, 'W_dec.npy');
    writeFileSync(
      file,
      npyFile([6, 64], (i) => (i < 128 ? Number.NaN : i)),
    );
    const ended = [];
    for (const shard of shards(3)) ended.push(await bench.upload(file, { skipBadRows: true, shard }));
    expect(ended.map(({ prepared }) => [...prepared.quarantined.keys()])).toEqual([[0, 1], [], []]);
    expect(bench.held().map(({ index }) => index)).toEqual([2, 3, 4, 5]);
  });

  it('keep out a run of the whole, or of another division, while they run', async () => {
    const others: string[] = [];
    const few = { features: [[0, 20]] } as const;
    let isFirst = true;
    const plan: Plan = async ({ path }) => {
      if (path !== '/api/feature/upload-batch' || !isFirst) return undefined;
      isFirst = false;
      for (const shard of [{ part: 2, of: 3 }, undefined, { part: 2, of: 2 }]) {
        const one = bench.upload(tiny, { ...few, ...(shard && { shard }) });
        others.push(
          await one.then(
            () => 'ended',
            (error) => error.code,
          ),
        );
      }
      return undefined;
    };
    const bench = await openLibraryBench(false, plan);
    await bench.upload(tiny, { ...few, shard: { part: 1, of: 2 } });
    expect(others).toEqual(['locked', 'locked', 'ended']);
    expect(bench.held()).toHaveLength(20);
    expect((await listJobs(bench.state)).map(({ job }) => job.shard)).toEqual(['1/2', '2/2']);
  });
});

describe('rows that another run may be sending', () => {
  it('keep a run of one index and one of the whole apart, but not two of different indices', async () => {
    const ends: unknown[] = [];
    const one = (row: number, index: number) => ({ features: [[row, row + 1]], index }) as const;
    const whole = { features: [[0, 4]] } as const;
    const meanwhile: Partial<SaeOptions>[] = [];
    const bench = await openLibraryBench(false, async ({ path }) => {
      const others = path === '/api/feature/upload-batch' ? meanwhile.splice(0) : [];
      for (const other of others) {
        const ended = bench.upload(tiny, other);
        ends.push(await ended.then(({ report }) => report.sent).catch(({ message }) => message));
      }
      return undefined;
    });
    meanwhile.push(one(3, 3));
    await bench.upload(tiny, whole);
    meanwhile.push(whole, one(5, 5));
    await bench.upload(tiny, one(4, 4000));
    expect(ends).toEqual([
      expect.stringMatching(/^another run is uploading tiny-kjv-4l\/1-bench: the whole of it \(job/),
      expect.stringMatching(/^another run is uploading tiny-kjv-4l\/1-bench: its index 4000 \(job/),
      1,
    ]);
  });

  it('keep out a shard of the same division if both choices of features overlap', async () => {
    let second: Promise<unknown> | undefined;
    const bench = await openLibraryBench(false, async ({ path }, nth) => {
      if (path === '/api/feature/upload-batch' && nth === 0) {
        const over = bench.upload(tiny, { features: [[0, 256]], shard: { part: 2, of: 2 } });
        second = over.catch((error: unknown) => error);
        await second;
      }
      return undefined;
    });
    const { report } = await bench.upload(tiny, { shard: { part: 1, of: 2 } });
    expect(report.sent).toBe(256);
    expect(await second).toMatchObject({ code: 'locked' });
  });

  it('are waited for if a restart puts aside a journal with an unanswered request', async () => {
    let isRefused = true;
    const refusal = { kind: 'answer', commit: false, status: 403, body: '{"error":"no"}' } as const;
    const bench = await openLibraryBench(true, ({ path }, nth) =>
      isRefused && nth > 0 && path === '/api/feature/upload-batch' ? refusal : undefined,
    );
    await expect(bench.upload(tiny, { activations })).rejects.toMatchObject({ code: 'refused' });
    isRefused = false;
    const [{ id = '' } = {}] = await listJobs(bench.state);
    const intent: JournalRecord = { t: 'intent', batch: 99, key: 'k', rows: [[4, 8]], hash: 'h' };
    appendFileSync(journalPath(bench.state, id), encodeRecord(intent));
    const told: string[] = [];
    const onEvent: OnEvent = (event) => {
      if (event.type === 'warning') told.push(event.message);
    };
    await bench.upload(tiny, { activations }, { restart: true, onEvent });
    expect(told).toEqual([expect.stringContaining('requests of an earlier run got no answer')]);
  });
});
