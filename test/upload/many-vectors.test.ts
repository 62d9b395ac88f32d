import { rm } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { fixture } from '../fixtures.ts';
import type { Fault } from './fault-proxy.ts';
import { type LibraryBench, openLibraryBench } from './library-bench.ts';

const list = '/api/vector/list-owned';
/** A list with a single vector of more values than any real one has, so that it cannot be read. */
const tooMany: Fault = { kind: 'answer', commit: false, status: 200, body: `{"vectors":[[${'1,'.repeat(5 << 20)}1]]}` };

/** Opens a bench whose server answers with a list of vectors that cannot be read, once `full` has been called. */
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

it.each([false, true])('vectors of a finished upload are checked by their ids (public: %s)', async (isPublic) => {
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

it.each([false, true])('if vectors cannot be listed, a new job does not begin (public: %s)', async (isPublic) => {
  const bench = await openFullBench(isPublic);
  expect((await bench.upload('second')).report).toMatchObject({ end: { type: 'finished' }, sent: 6 });
  bench.full();
  // The keys are lost with the journal, so even a server that knows keys cannot tell.
  await rm(bench.state, { recursive: true });
  await expect(bench.upload('second')).rejects.toMatchObject({
    code: 'outcome_unknown',
    hints: [expect.stringContaining('--assume-new')],
  });
  expect(bench.held()).toHaveLength(6);
});

it.each([false, true])('vectors are found in a list of over a thousand wide ones (public: %s)', async (isPublic) => {
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
  // Without the journal, only the list tells that they are there.
  await rm(bench.state, { recursive: true });
  const again = await send(bench, 'third');
  expect(again.report).toMatchObject({ end: { type: 'finished' }, confirmed: 6, sent: 0, ids: first.report.ids });
  expect(bench.held()).toHaveLength(6);
});

/** Returns a list of the given vectors among 1,200 of 3,584 values: more values than an answer read whole may have. */
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
