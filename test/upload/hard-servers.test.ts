import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/api/connect.ts';
import { listJobs } from '../../src/upload/jobs.ts';
import type { SaeOptions } from '../../src/upload/kinds/prepared-sae.ts';
import { npyFile } from '../cli/fixtures.ts';
import { fixture } from '../fixtures.ts';
import type { Fault, Seen } from './fault-proxy.ts';
import { openLibraryBench } from './library-bench.ts';

const tiny = fixture('sae-tiny');
const activations = fixture('sae-tiny', 'activations.jsonl');
const upload = '/api/feature/upload-batch';
const few = { features: [[0, 12]] } as const;
const kinds = [
  ['with keys', false, {}],
  ['without keys', true, { activations }],
] as const;
const rowsOf = ({ body }: Seen) => body.split('{"index":').length - 1;
const answer = (status: number, error = 'no'): Fault => ({
  ...{ kind: 'answer', commit: false, status },
  body: JSON.stringify({ error }),
});
const page = (status: number): Fault => ({ kind: 'answer', commit: false, status, body: '<html></html>' });

describe.each(kinds)('a server %s', (_, isPublic, more: Partial<SaeOptions>) => {
  it('that answers in time only for small batches gets small ones, also for rows of an earlier run', async () => {
    let slow = 4;
    const bench = await openLibraryBench(isPublic, (seen) =>
      seen.path === upload && rowsOf(seen) >= slow ? page(504) : undefined,
    );
    const stop = new AbortController();
    const onEvent = ({ type }: { type: string }) => type === 'retry' && stop.abort();
    const first = await bench.upload(tiny, { ...few, ...more }, { onEvent, stop: stop.signal });
    expect(first.report.end.type).toBe('stopped');
    const { report } = await bench.upload(tiny, { ...few, ...more });
    expect(report).toMatchObject({ confirmed: 12, end: { type: 'finished' } });
    slow = Number.POSITIVE_INFINITY;
    expect(bench.held().map(({ index }) => index)).toEqual(Array.from({ length: 12 }, (__, i) => i));
  });

  it('whose source set was deleted is reported to have lost its rows, and --restart sends them again', async () => {
    let isDown = false;
    const bench = await openLibraryBench(isPublic, ({ path }) => (isDown && path === upload ? answer(403) : undefined));
    await bench.upload(tiny, { features: [[0, 4]], ...more });
    isDown = true;
    await expect(bench.upload(tiny, { ...few, ...more })).rejects.toMatchObject({ code: 'refused' });
    isDown = false;
    bench.change('DELETE FROM features; DELETE FROM sources; DELETE FROM source_sets');
    const again = () => bench.upload(tiny, { ...few, ...more });
    await expect(again()).rejects.toMatchObject({
      code: 'difference',
      message: expect.stringContaining(
        '4 rows of this upload were on the server, but the place that held them was deleted',
      ),
    });
    const { report } = await bench.upload(tiny, { ...few, ...more }, { restart: true });
    expect(report.confirmed).toBe(12);
    expect(bench.held()).toHaveLength(12);
  });

  it('that lost a row of a job gets no further rows of that job until --restart', async () => {
    const bench = await openLibraryBench(isPublic);
    await bench.upload(tiny, { ...few, ...more });
    bench.change('DELETE FROM features WHERE idx = 7');
    const further = bench.upload(tiny, { features: [[0, 20]], ...more });
    await expect(further).rejects.toMatchObject({ code: 'difference', details: { gone: 1, sampled: 12 } });
    expect(bench.held()).toHaveLength(11);
    const { report } = await bench.upload(tiny, { features: [[0, 20]], ...more }, { restart: true });
    expect(report).toMatchObject({ planned: 20, confirmed: 20 });
    expect(bench.held()).toHaveLength(20);
  });

  it('that fails for a few seconds has no row left out, not even the last', async () => {
    let fails = 0;
    const bench = await openLibraryBench(isPublic, (seen) =>
      // The last row is in a batch of its own.
      seen.path === upload && seen.body.includes('{"index":8,') && fails++ < 4 ? answer(500) : undefined,
    );
    const { report } = await bench.upload(tiny, { features: [[0, 9]], ...more });
    expect([...report.quarantined.keys()]).toEqual([]);
    expect(report).toMatchObject({ confirmed: 9, end: { type: 'finished' } });
    expect(fails).toBe(5);
  });
});

it('a batch left by an earlier run is split if the server takes less by now', async () => {
  let most = 4;
  const bench = await openLibraryBench(false, (seen) => {
    if (seen.path === upload && most === 4) return { kind: 'reset-before' };
    return seen.path === upload && rowsOf(seen) > most ? answer(400, 'too many features') : undefined;
  });
  const stop = new AbortController();
  const onEvent = ({ type }: { type: string }) => type === 'retry' && stop.abort();
  await bench.upload(tiny, few, { onEvent, stop: stop.signal });
  most = 2;
  const { report } = await bench.upload(tiny, { ...few, limits: { rows: 2 } });
  expect(report.confirmed).toBe(12);
});

it('after a refusal, a batch that waits for another try is not sent again', async () => {
  const busy = { ...answer(503), headers: { 'retry-after': '100' } } as Fault;
  // Neither is answered before both are in flight.
  let isSecondThere: () => void = () => undefined;
  const second = new Promise<void>((resolve) => {
    isSecondThere = resolve;
  });
  const bench = await openLibraryBench(false, async ({ path }, nth) => {
    if (path !== upload || nth === 0) return undefined;
    if (nth === 1) await second;
    isSecondThere();
    return nth === 1 ? busy : answer(403);
  });
  const ended = bench.upload(tiny, { ...few, limits: { inFlight: 2 } });
  await expect(ended).rejects.toMatchObject({ code: 'refused' });
  expect(bench.proxy.seen.filter(({ path }) => path === upload)).toHaveLength(3);
});

it('a row of a failed request does not count as stored if the server has it with other values', async () => {
  const bench = await openLibraryBench(false, async ({ path }, nth) => {
    if (path !== upload) return undefined;
    const headers = { 'x-api-key': bench.sandbox.apiKey, 'content-type': 'application/json' };
    const vector = Array.from({ length: 64 }, () => 0.5);
    const body = JSON.stringify({ modelId: 'tiny-kjv-4l', source: '1-bench', features: [{ index: 0, vector }] });
    if (nth === 0) await fetch(bench.sandbox.url + upload, { method: 'POST', headers, body });
    return answer(500);
  });
  await expect(bench.upload(tiny, few)).rejects.toMatchObject({ code: 'feature_exists' });
});

it('a look-up whose answer would be too large is made in parts', async () => {
  const bench = await openLibraryBench(true);
  const file = join(bench.folder, 'long.jsonl');
  const tokens = Array.from({ length: 1000 }, (_, i) => `${i} `.padEnd(90, 'long '));
  const line = (index: number) => JSON.stringify({ index, tokens, values: tokens.map(() => 1) });
  await writeFile(file, Array.from({ length: 60 }, (_, index) => line(index)).join('\n'));
  await bench.upload(tiny, { activations: file });
  await rm(bench.state, { recursive: true });
  const { report } = await bench.upload(tiny, { activations: file });
  expect(report).toMatchObject({ planned: 60, found: 60, sent: 0 });
});

it('two overlapping shards that start at once send no row twice', async () => {
  const looks: (() => void)[] = [];
  const bench = await openLibraryBench(true, async ({ path }) => {
    // Both have looked before either sends.
    if (path === '/api/features' && looks.length < 2) {
      await new Promise<void>((resolve) => {
        looks.push(resolve);
        if (looks.length === 2) for (const go of looks) go();
      });
    }
    return undefined;
  });
  await bench.upload(tiny, { activations, features: [[500, 501]] });
  const shard = (part: number) => ({ part, of: 2 });
  const ends = await Promise.allSettled([
    bench.upload(tiny, { activations, features: [[0, 100]], shard: shard(1) }),
    bench.upload(tiny, { activations, features: [[0, 60]], shard: shard(2) }),
  ]);
  const locked = ends.filter((end) => end.status === 'rejected' && end.reason.code === 'locked');
  expect(locked.length).toBeGreaterThan(0);
  const most = bench.ask('SELECT max(n) AS most FROM (SELECT count(*) AS n FROM activations GROUP BY feature_id)');
  expect(most).toEqual([{ most: 3 }]);
  const listed = await listJobs(bench.state);
  expect(listed).toHaveLength(1 + 2 - locked.length);
});

it('an upload with the same signal for stop and abort is reported as stopped, with its lost rows, and can be resumed', async () => {
  const file = npyFile([64, 64], (i) => i);
  const abort = new AbortController();
  const bench = await openLibraryBench(false, ({ path }, nth) => {
    if (path === upload && nth === 1) abort.abort();
    return undefined;
  });
  const path = join(bench.folder, 'W_dec.npy');
  await writeFile(path, file);
  const { report } = await bench.upload(path, {}, { stop: abort.signal, abort: abort.signal });
  expect(report).toMatchObject({ end: { type: 'stopped' }, confirmed: 4, unknown: [[4, 8]] });
  expect((await bench.upload(path)).report).toMatchObject({ end: { type: 'finished' }, confirmed: 64 });
  expect(bench.held()).toHaveLength(64);
});

it('a server that stores every batch but never answers has all rows of the job without an answer, not only the last', async () => {
  const lost: Fault = { ...page(504), commit: true, headers: { 'retry-after': '0' } } as Fault;
  let isLost = true;
  const bench = await openLibraryBench(false, ({ path }) => (isLost && path === upload ? lost : undefined));
  const stop = new AbortController();
  // Once the first half of a batch waits for its answer.
  const onEvent = ({ type, message = '' }: { type: string; message?: string }) =>
    type === 'warning' && message.includes('two halves') && stop.abort();
  const { report } = await bench.upload(tiny, few, { onEvent, stop: stop.signal });
  expect(report).toMatchObject({ confirmed: 0, end: { type: 'stopped' }, unknown: [[0, 4]] });
  expect(await listJobs(bench.state)).toMatchObject([{ unknown: 4, unknownRows: [[0, 4]] }]);
  isLost = false;
  await bench.upload(tiny, { features: [[0, 2]] });
  expect(await listJobs(bench.state)).toMatchObject([{ state: 'interrupted', unknownRows: [[2, 4]] }]);
  expect((await bench.upload(tiny, few)).report).toMatchObject({ confirmed: 12, found: 0, unknown: [] });
  expect(await listJobs(bench.state)).toMatchObject([{ state: 'done', unknown: 0 }]);
  expect(bench.held().map(({ index }) => index)).toEqual(Array.from({ length: 12 }, (_, i) => i));
});

it.each([
  ['without', {}],
  ['with null for', { visibility: null, kind: null }],
])('vectors that a list shows %s their visibility and kind are not uploaded again', async (_, nulls) => {
  const list = '/api/vector/list-owned';
  const bench = await openLibraryBench(false, async ({ path }) => {
    if (path !== list) return undefined;
    const headers = { 'x-api-key': bench.sandbox.apiKey, 'content-type': 'application/json' };
    const listed = await fetch(bench.sandbox.url + list, { method: 'POST', headers, body: '{}' });
    const { vectors } = (await listed.json()) as { vectors: Record<string, unknown>[] };
    const bare = vectors.map(({ visibility: _v, kind: _k, ...shown }) => ({ ...shown, ...nulls }));
    return { kind: 'answer', commit: false, status: 200, body: JSON.stringify({ vectors: bare }) };
  });
  const vectors = { features: [[0, 3]], as: 'vectors' } as const;
  await bench.upload(tiny, vectors);
  const { report } = await bench.upload(tiny, vectors, { restart: true });
  expect(report).toMatchObject({ confirmed: 3, found: 3, sent: 0 });
  expect(bench.held()).toHaveLength(3);
});

it('accounts that are numbers own their rows, and digests in capitals are read of several rows', async () => {
  let isOther = false;
  const bench = await openLibraryBench(false, async ({ path, body }) => {
    if (!isOther || !['/api/features', '/api/user/refresh'].includes(path)) return undefined;
    const headers = { 'x-api-key': bench.sandbox.apiKey, 'content-type': 'application/json' };
    const answer = await fetch(bench.sandbox.url + path, { method: 'POST', headers, body });
    const text = (await answer.text())
      .replace(/"creatorId":"[^"]*"|^\{"id":"[^"]*"/g, (found) => found.replace(/"[^"]*"$/, '7'))
      .replace(/(?<="vectorHash":")[0-9a-f]+/g, (hex) => hex.toUpperCase());
    return { kind: 'answer', commit: false, status: 200, body: text };
  });
  await bench.upload(tiny, { features: [[0, 4]] });
  isOther = true;
  const { server, close } = await connect({
    ...{ url: bench.proxy.url, key: bench.sandbox.apiKey, userAgent: 'test', insecure: false },
  });
  onTestFinished(close);
  const ids = [0, 1].map((row) => `tiny-kjv-4l/1-bench/${row}`);
  expect([...(await server.rows.owners(ids)).values()]).toEqual([server.account.id, server.account.id]);
  for (const { vectorHash } of (await server.rows.read(ids, 0)).values()) expect(vectorHash).toMatch(/^[0-9a-f]{64}$/);
});

it.each([
  [201, '{"ok":true}'],
  [202, ''],
])('a source set is used that the server made and did not describe: %s', async (status, body) => {
  const bench = await openLibraryBench(false, ({ path }) =>
    path === '/api/source-set/new' ? { kind: 'answer', commit: true, status, body } : undefined,
  );
  expect((await bench.upload(tiny, few)).report).toMatchObject({ confirmed: 12, end: { type: 'finished' } });
});
