import { expect, it, onTestFinished } from 'vitest';
import { listJobs } from '../../src/upload/jobs.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { factFile, openLibraryBench } from './library-bench.ts';

it('an answer from another server ends the upload, which can be resumed on the first server', async () => {
  let isOther = true;
  const bench = await openLibraryBench(false, (request, nth) => {
    if (!isOther || request.path !== '/api/feature/upload-batch' || nth !== 2) return undefined;
    const headers = { 'content-type': 'application/json', 'x-server-id': 'another' };
    return { kind: 'answer', commit: false, status: 200, headers, body: '{"message":"4 features created."}' };
  });
  await expect(bench.upload(factFile('rows.npy'))).rejects.toMatchObject({
    ...{ code: 'checkpoint_mismatch', exitCode: 12 },
    message: expect.stringMatching(/a different server is answering now: expected \S+, found another/),
  });
  expect(await listJobs(bench.state)).toMatchObject([{ state: 'interrupted', confirmed: 8, unknown: 4 }]);
  isOther = false;
  const { report } = await bench.upload(factFile('rows.npy'));
  expect(report.confirmed).toBe(16);
  expect(bench.held().map(({ index }) => index)).toEqual(Array.from({ length: 16 }, (_, i) => i));
});

it('a server that has another address by now is known under that one', async () => {
  const bench = await openLibraryBench();
  await bench.upload(factFile('rows.npy'), { features: [[0, 4]] });
  expect(await listJobs(bench.state)).toMatchObject([{ job: { serverName: bench.proxy.url } }]);
  const moved = await startFaultProxy(bench.sandbox.url, () => undefined);
  onTestFinished(() => moved.close());
  await bench.upload(factFile('rows.npy'), {}, {}, moved.url);
  expect(await listJobs(bench.state)).toMatchObject([{ confirmed: 16, job: { serverName: moved.url } }]);
});

const refused = { kind: 'answer', commit: false, status: 403, body: '{"error":"no","code":"x"}' } as const;

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
  const moved = await startFaultProxy(bench.sandbox.url, ({ path }) =>
    path === '/api/feature/upload-batch' ? refused : undefined,
  );
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
