import { rm } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import type { Fault } from './fault-proxy.ts';
import { type LibraryBench, openLibraryBench } from './library-bench.ts';

const list = '/api/vector/list-owned';
/** A single vector of more values than any has. */
const tooMany: Fault = { kind: 'answer', commit: false, status: 200, body: `{"vectors":[[${'1,'.repeat(5 << 20)}1]]}` };

/** A bench whose server answers with a list that cannot be read, from the time that `full` is called. */
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

it.each([false, true])('they are found among thousands of wide ones (public: %s)', async (isPublic) => {
  let isLong = false;
  const bench = await openLibraryBench(isPublic, async ({ path }) => {
    if (!isLong || path !== list) return undefined;
    const headers = { 'x-api-key': bench.sandbox.apiKey };
    const { vectors } = (await (await fetch(bench.sandbox.url + list, { method: 'POST', headers })).json()) as {
      vectors: unknown[];
    };
    return { kind: 'answer', commit: false, status: 200, body: among(vectors) };
  });
  const first = await send(bench, 'third');
  isLong = true;
  // With the journal gone, the list alone tells that they are there.
  await rm(bench.state, { recursive: true });
  const again = await send(bench, 'third');
  expect(again.report).toMatchObject({ end: { type: 'finished' }, confirmed: 6, sent: 0, ids: first.report.ids });
  expect(bench.held()).toHaveLength(6);
});

/** A list of 1,200 vectors of 3,584 values, and some within it: more than is read of an answer as a whole. */
function among(vectors: readonly unknown[]): string {
  const other = { modelId: 'gemma-2-9b', layer: '9-neuronpedia-resid-post', vectorLabel: 'wide' };
  const values = `"vector":[${Array(3584).fill('0.5').join(',')}]`;
  const wide = Array.from(
    { length: 1200 },
    (_, i) => `${JSON.stringify({ ...other, index: `${i}` }).slice(0, -1)},${values}}`,
  );
  const ours = vectors.map((vector) => JSON.stringify(vector));
  return `{"vectors":[${[...wide.slice(0, 700), ...ours, ...wide.slice(700)].join(',')}]}`;
}
