import { expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/api/connect.ts';
import { nullForNaN, parsePythonJson } from '../../src/python-json.ts';
import { listJobs } from '../../src/upload/jobs.ts';
import { resolveRows } from '../../src/upload/resolve-row.ts';
import { fixture } from '../fixtures.ts';
import { type Fault, startFaultProxy } from './fault-proxy.ts';
import { factFile, openLibraryBench } from './library-bench.ts';

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

it('a finished job stays finished if a run at another address of its server fails', async () => {
  const bench = await openLibraryBench();
  const four = { features: [[0, 4]] } as const;
  await bench.upload(factFile('rows.npy'), four);
  bench.change('DELETE FROM features');
  const moved = await startFaultProxy(bench.sandbox.url, () => undefined);
  onTestFinished(() => moved.close());
  await expect(bench.upload(factFile('rows.npy'), four, {}, moved.url)).rejects.toMatchObject({ code: 'difference' });
  expect(await listJobs(bench.state)).toMatchObject([{ state: 'done', job: { serverName: moved.url } }]);
});

it('another server at an address that the first has left can be used', async () => {
  const [bench, other] = [await openLibraryBench(), await openLibraryBench()];
  let target = bench.sandbox.url;
  const address = await startFaultProxy(
    () => target,
    () => undefined,
  );
  const moved = await startFaultProxy(bench.sandbox.url, ({ path }) => (path === upload ? refused() : undefined));
  onTestFinished(async () => {
    await address.close();
    await moved.close();
  });
  const rows = factFile('rows.npy');
  await bench.upload(rows, { features: [[0, 4]] }, {}, address.url);
  await expect(bench.upload(rows, {}, {}, moved.url)).rejects.toMatchObject({ code: 'refused' });
  target = other.sandbox.url;
  const { report } = await bench.upload(rows, { features: [[0, 4]] }, {}, address.url);
  expect(report.confirmed).toBe(4);
});

it('a 429 with a spent quota pauses, however soon the server says to come back', async () => {
  const features = { limit: 1000, used: 1000, resetsAt: new Date(Date.now() + 8 * 3600_000).toISOString() };
  const spent: Fault = {
    ...{ kind: 'answer', commit: false, status: 429, headers: { 'retry-after': '1' } },
    body: JSON.stringify({ error: 'quota', code: 'rate_limit_exceeded', features }),
  };
  const bench = await openLibraryBench(false, ({ path }) => (path === upload ? spent : undefined));
  expect((await bench.upload(tiny, few)).report.end).toMatchObject({ type: 'quota' });
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

it('NaN in lines with millions of escapes is read, and text within strings is left alone', () => {
  const text = `{"a":"${'\\n'.repeat(4_500_000)}","b":NaN}`;
  expect(parsePythonJson(text)).toMatchObject({ b: null });
  const strings = '{"a":"NaN \\" NaN","c":"\\\\","b":';
  expect(nullForNaN(`${strings}[-Infinity,NaN]}`)).toBe(`${strings}[null,null]}`);
});
