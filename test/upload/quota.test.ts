import { afterEach, describe, expect, it } from 'vitest';
import { startClock, type TestClock } from './clock.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { allThere, type Bench, compareWithStore, openBench } from './job-bench.ts';

const upload = '/api/feature/upload-batch';
const key = 'sandbox-free';
let bench: Bench;
let proxy: FaultProxy | undefined;
let clock: TestClock | undefined;

afterEach(async () => {
  await proxy?.close();
  await bench.close();
  clock?.close();
  proxy = undefined;
  clock = undefined;
});

const lastDocument = (stdout: string) => JSON.parse(stdout.trim().split('\n').at(-1) as string);
const usage = () => bench.query('SELECT day, count FROM usage ORDER BY day');

/** A bench on a free key, at a time of day that both sides share. */
async function openFree(rows: number): Promise<void> {
  clock = startClock('2026-11-22T22:30:00Z');
  bench = await openBench(rows, { key, now: clock.now, env: { ...clock.env, TZ: 'Europe/Berlin' } });
}

describe('a spent quota', () => {
  it('with --wait is slept out, day after day, until every row is there once', async () => {
    await openFree(2300);
    proxy = await startFaultProxy(bench.sandbox.url, () => undefined);
    const { code, stderr } = await bench.upload(proxy.url, '--wait').ended;
    expect(code).toBe(0);
    expect(stderr).toContain('2,300 to send at 1,000 a day: this takes 3 days');
    expect(stderr).toContain('waiting until 01:00 on 2026-11-23 (2026-11-23 00:00 UTC)');
    expect(stderr).toContain('waiting until 01:00 on 2026-11-24 (2026-11-24 00:00 UTC)');
    expect(compareWithStore(bench)).toEqual(allThere);
    expect(usage().map(({ count }) => count)).toEqual([1000, 1000, 300]);
    // Nothing was sent to be refused: 8 batches a full day, 3 on the last.
    expect(proxy.seen.filter(({ path }) => path === upload)).toHaveLength(8 + 8 + 3);
  });

  it('stops the upload with the time to go on, in local time and UTC, and the same command goes on then', async () => {
    await openFree(1100);
    const first = await bench.upload(bench.sandbox.url, '--json').ended;
    expect(first.code).toBe(8);
    expect(first.stderr).toContain('more may be sent from 01:00 on 2026-11-23 (2026-11-23 00:00 UTC)');
    expect(first.stderr).toContain('support@neuronpedia.org');
    const paused = { type: 'summary', status: 'paused', resume_at: '2026-11-23T00:00:00.000Z' };
    expect(lastDocument(first.stdout)).toMatchObject({ ...paused, jobs: [{ confirmed: 1000 }] });
    clock?.set('2026-11-23T08:00:00Z');
    const second = await bench.upload(bench.sandbox.url, '--json').ended;
    expect(second.code).toBe(0);
    expect(second.stdout).toContain('"toSend":100,"days":1');
    expect(compareWithStore(bench)).toEqual(allThere);
  });

  it('that another machine spends meanwhile cuts the batch to what is left, and ends it there', async () => {
    await openFree(1000);
    let others = 0;
    proxy = await startFaultProxy(bench.sandbox.url, async ({ path }, nth) => {
      if (path !== upload || nth !== 3) return undefined;
      others = await useQuota(bench.sandbox.url, 500);
      return undefined;
    });
    const { code, stderr } = await bench.upload(proxy.url, '--concurrency', '1').ended;
    expect(others).toBe(500);
    expect(code).toBe(8);
    expect(stderr).toContain('others have used some of it meanwhile; more may be sent from 01:00');
    expect(usage()).toEqual([{ day: '2026-11-22', count: 1000 }]);
    expect(bench.query("SELECT count(*) AS n FROM features WHERE source = '1-bench'")).toEqual([{ n: 500 }]);
    const sent = proxy.seen.filter(({ path }) => path === upload);
    // Three that pass, one refused whole, its part of 116 that passes.
    expect(sent.length).toBeLessThanOrEqual(6);
  });

  it('slept for ends in order at Ctrl-C, with 130 and nothing lost', async () => {
    bench = await openBench(1100, { key });
    const first = bench.upload(bench.sandbox.url, '--wait', '--json');
    first.process.stderr?.on('data', (text) => {
      if (String(text).includes('waiting until')) first.process.kill('SIGINT');
    });
    const { code, stdout, stderr } = await first.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('go on with: neuronpedia upload-sae');
    expect(lastDocument(stdout)).toMatchObject({ status: 'interrupted', jobs: [{ confirmed: 1000 }] });
    expect(bench.stored()).toHaveLength(1000);
  });
});

/** Uploads rows of another SAE with the same account; how many the server took. */
async function useQuota(url: string, rows: number): Promise<number> {
  const post = (path: string, body: unknown) =>
    fetch(url + path, { method: 'POST', headers: { 'x-api-key': key }, body: JSON.stringify(body) });
  await post('/api/source-set/new', { modelId: 'tiny-kjv-4l', name: 'elsewhere' });
  const vector = Array.from({ length: 64 }, () => 1);
  let taken = 0;
  for (let first = 0; first < rows; first += 100) {
    const features = Array.from({ length: 100 }, (_, i) => ({ index: first + i, vector }));
    const { status } = await post(upload, { modelId: 'tiny-kjv-4l', source: '0-elsewhere', features });
    if (status === 200) taken += 100;
  }
  return taken;
}
