import { expect, it } from 'vitest';
import { listJobs } from '../../src/upload/jobs.ts';
import { resolveRows } from '../../src/upload/resolve-row.ts';
import { fixture } from '../fixtures.ts';
import type { Fault } from './fault-proxy.ts';
import { openLibraryBench } from './library-bench.ts';

const tiny = fixture('sae-tiny');
const activations = fixture('sae-tiny', 'activations.jsonl');
const upload = '/api/feature/upload-batch';
const few = { features: [[0, 12]] } as const;
const rowsOf = ({ body }: { body: string }) => body.split('{"index":').length - 1;
const lost = (commit: boolean): Fault => ({
  ...{ kind: 'answer', commit, status: 504, body: '<html></html>' },
  headers: { 'retry-after': '0' },
});
const refused = (code = 'x'): Fault => ({
  ...{ kind: 'answer', commit: false, status: 403 },
  body: JSON.stringify({ error: 'no', code }),
});

it('a job whose batch was made again keeps its journal when the server refuses the halves', async () => {
  const bench = await openLibraryBench(false, (seen) => {
    if (seen.path !== upload) return undefined;
    return rowsOf(seen) >= 4 ? lost(true) : refused('upload_not_permitted');
  });
  await expect(bench.upload(tiny, few)).rejects.toMatchObject({ code: 'upload_not_permitted' });
  expect(bench.held()).toHaveLength(4);
  expect(await listJobs(bench.state)).toMatchObject([{ unknown: 4, unknownRows: [[0, 4]] }]);
});

it('a batch that was lost once and is too large then may be there all the same, and a person can say that it is not', async () => {
  const tooLarge: Fault = { kind: 'answer', commit: false, status: 413, body: '{"error":"too large"}' };
  const bench = await openLibraryBench(false, ({ path }, nth) =>
    path === upload ? (nth === 0 ? lost(true) : tooLarge) : undefined,
  );
  const stop = new AbortController();
  const onEvent = ({ type, message = '' }: { type: string; message?: string }) =>
    type === 'warning' && message.includes('two halves') && stop.abort();
  await bench.upload(tiny, few, { onEvent, stop: stop.signal });
  const [job] = await listJobs(bench.state);
  expect(job).toMatchObject({ unknownRows: [[0, 4]] });
  const id = job?.id ?? '';
  await resolveRows(bench.state, id, [{ row: 3, id: null }], async () => undefined);
  expect(await listJobs(bench.state)).toMatchObject([{ unknownRows: [[0, 3]] }]);
  const again = resolveRows(bench.state, id, [{ row: 3, id: null }], async () => undefined);
  await expect(again).rejects.toMatchObject({ code: 'not_found', message: expect.stringContaining('are 0-2') });
});

it('rows that were looked for and are absent do not lack an answer once their batch is made again', async () => {
  const bench = await openLibraryBench(true, (seen) =>
    seen.path === upload && rowsOf(seen) >= 3 ? lost(false) : undefined,
  );
  const stop = new AbortController();
  const onEvent = ({ type, message = '' }: { type: string; message?: string }) =>
    type === 'warning' && message.includes('two halves') && stop.abort();
  const { report } = await bench.upload(tiny, { ...few, activations }, { onEvent, stop: stop.signal });
  expect(report).toMatchObject({ end: { type: 'stopped' }, unknown: [] });
});
