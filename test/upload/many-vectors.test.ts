import { rm } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import type { Fault } from './fault-proxy.ts';
import { type LibraryBench, openLibraryBench } from './library-bench.ts';

const list = '/api/vector/list-owned';
/** More values than an answer is read to: two thousand wide vectors have as many. */
const tooMany: Fault = { kind: 'answer', commit: false, status: 200, body: `[${'1,'.repeat(5 << 20)}1]` };

/** A bench whose server answers with more vectors than can be read, from the time that `full` is called. */
async function openFullBench(isPublic: boolean) {
  let isFull = false;
  const bench = await openLibraryBench(isPublic, ({ path }) => (isFull && path === list ? tooMany : undefined));
  const upload = (saeId: string) => send(bench, saeId);
  const lists = () => bench.proxy.seen.filter(({ path }) => path === list).length;
  const full = () => {
    isFull = true;
  };
  return { ...bench, upload, lists, full };
}

const send = (bench: LibraryBench, saeId: string) =>
  bench.upload(fixture('sae-tiny'), { saeId, as: 'vectors', features: [[0, 6]] });

it.each([false, true])('a finished upload of vectors is looked at by their ids (public: %s)', async (isPublic) => {
  const bench = await openFullBench(isPublic);
  const first = await bench.upload('first');
  bench.full();
  const lists = bench.lists();
  const again = await bench.upload('first');
  expect(again.report).toMatchObject({ end: { type: 'finished' }, confirmed: 6, sent: 0, ids: first.report.ids });
  expect(bench.lists()).toBe(lists);
  const [id = ''] = first.report.ids.values();
  const [modelId, source, index] = id.split('/');
  const headers = { 'x-api-key': bench.sandbox.apiKey };
  const body = JSON.stringify({ modelId, source, index });
  expect((await fetch(`${bench.sandbox.url}/api/vector/delete`, { method: 'POST', headers, body })).status).toBe(200);
  await expect(bench.upload('first')).rejects.toMatchObject({ code: 'difference', details: { gone: 1, different: 0 } });
});

it.each([false, true])('others are not begun, for they may be there (public: %s)', async (isPublic) => {
  const bench = await openFullBench(isPublic);
  expect((await bench.upload('second')).report).toMatchObject({ end: { type: 'finished' }, sent: 6 });
  bench.full();
  // Its keys are gone with the journal, on a server that knows keys too.
  await rm(bench.state, { recursive: true });
  await expect(bench.upload('second')).rejects.toMatchObject({
    code: 'outcome_unknown',
    hints: [expect.stringContaining('--assume-new')],
  });
  expect(bench.held()).toHaveLength(6);
});
