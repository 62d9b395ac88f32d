import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type Bench, type BenchOptions, openPublicBench, type Run } from './job-bench.ts';

const [create, list] = ['/api/vector/new', '/api/vector/list-owned'];
const some = ['--as', 'vectors', '--features', '0-5', '--settle-timeout', '0'];
const noList: Fault = { kind: 'answer', commit: false, status: 413, body: 'Request Entity Too Large' };
let bench: Bench;
let proxy: FaultProxy;

afterEach(async () => {
  await proxy?.close();
  await bench.close();
});

const names = () =>
  bench.query('SELECT label FROM features WHERE label IS NOT NULL ORDER BY label').map(({ label }) => label);
const all = Array.from({ length: 6 }, (_, row) => `bench L1 #${row}`);
const idOf = (label: string) => {
  const [row] = bench.query(`SELECT model_id, source, idx FROM features WHERE label = '${label}'`);
  return `${row?.model_id}/${row?.source}/${row?.idx}`;
};
const ended = (run: Run) => run.ended;

/** Uploads until the fourth vector meets `fault` and the server cannot list what it has; returns the job's id. */
async function loseTheFourth(fault: Fault['kind'], options: BenchOptions = {}): Promise<string> {
  bench = await openPublicBench({ ...options, here: true });
  let lost = false;
  proxy = await startFaultProxy(bench.sandbox.url, ({ path }, nth) => {
    if (path === create && nth === 3) {
      lost = true;
      return { kind: fault } as Fault;
    }
    return lost && path === list ? noList : undefined;
  });
  const { code, stderr } = await bench.uploadSae(proxy.url, ...some).ended;
  expect(code).toBe(9);
  expect(stderr).toContain('row 3 ("bench L1 #3")');
  const job = /neuronpedia status (\w+) --resolve 3=absent/.exec(stderr)?.[1];
  expect(job).toMatch(/^[0-9a-f]{16}$/);
  return job as string;
}

describe('a vector that the server may or may not have', () => {
  it('is shown with its label, resolved only by the id of the same vector, and then not sent again', async () => {
    const job = await loseTheFourth('reset-after');
    const shown = await ended(bench.run('status', job, '--json'));
    expect(JSON.parse(shown.stdout)).toMatchObject({ unknown: 1, unknownRows: '3', labels: { 3: 'bench L1 #3' } });
    const resolve = (...values: string[]) =>
      ended(bench.run('status', job, ...values.flatMap((value) => ['--resolve', value])));
    const other = await resolve(`3=${idOf('bench L1 #2')}`);
    expect(other).toMatchObject({ code: 7 });
    expect(other.stderr).toContain('its label is "bench L1 #2", not "bench L1 #3"');
    expect(await resolve('3=tiny-kjv-4l/1-neuronpedia-resid-post/1')).toMatchObject({ code: 6 });
    expect(await resolve('2=absent')).toMatchObject({ code: 6 });
    const settled = await resolve(`3=${proxy.url}/${idOf('bench L1 #3')}`);
    expect(settled.code).toBe(0);
    expect(settled.stderr).toContain('row 3: counted as stored under tiny-kjv-4l/1-neuronpedia-resid-post/');
    const again = await bench.uploadSae(proxy.url, ...some, '--json').ended;
    expect(again.code).toBe(0);
    expect(names()).toEqual(all);
  });

  it('is sent again once the user says that it is absent', async () => {
    const job = await loseTheFourth('reset-before');
    expect(await ended(bench.run('status', job, '--resolve', '3=absent'))).toMatchObject({ code: 0 });
    expect((await bench.uploadSae(proxy.url, ...some).ended).code).toBe(0);
    expect(names()).toEqual(all);
  });

  it('is resolved as the user says, with a warning, if the server is away', async () => {
    const job = await loseTheFourth('reset-after');
    const id = idOf('bench L1 #3');
    // An invalid stored key does not mean that the server is away, so nothing is accepted unchecked.
    mkdirSync(join(bench.folder, 'config'), { recursive: true });
    writeFileSync(join(bench.folder, 'config', 'keys.json'), JSON.stringify({ [proxy.url]: 'two words' }));
    const askedSo = await ended(bench.runAs('', 'status', job, '--resolve', `3=${idOf('bench L1 #2')}`));
    expect([askedSo.code, askedSo.stderr]).toEqual([4, expect.not.stringContaining('accepted unchecked')]);
    rmSync(join(bench.folder, 'config', 'keys.json'));
    await proxy.close();
    const settled = await ended(bench.run('status', job, '--resolve', `3=${id}`));
    expect(settled.code).toBe(0);
    expect(settled.stderr).toContain(`${id} could not be read back; it was accepted unchecked`);
  });
});

describe('a new job of vectors, if the list of existing ones is too long for an answer', () => {
  it('is begun only with --assume-new', async () => {
    bench = await openPublicBench({ maxAnswerBytes: 6000, here: true });
    const vector = Array.from({ length: 64 }, (_, i) => i / 64);
    for (let i = 0; i < 9; i++) {
      const body = {
        modelId: 'tiny-kjv-4l',
        layerNumber: 1,
        hookType: 'hook_resid_post',
        vector,
        vectorLabel: `old ${i}`,
      };
      const headers = { 'x-api-key': bench.sandbox.apiKey };
      const made = await fetch(bench.sandbox.url + create, { method: 'POST', headers, body: JSON.stringify(body) });
      expect(made.status).toBe(200);
    }
    const refused = await bench.uploadSae(bench.sandbox.url, ...some).ended;
    expect(refused.code).toBe(9);
    expect(refused.stderr).toContain('listing your vectors failed');
    expect(refused.stderr).toContain('--assume-new');
    expect(names()).toHaveLength(9);
    const begun = await bench.uploadSae(bench.sandbox.url, ...some, '--assume-new').ended;
    expect(begun.code).toBe(0);
    expect(begun.stderr).toContain('treating these as new (--assume-new)');
    expect(names()).toEqual([...all, ...Array.from({ length: 9 }, (_, i) => `old ${i}`)].sort());
  });
});

describe('--resolve', () => {
  it('is refused without a job, without a value, or without a row number', async () => {
    bench = await openPublicBench({ here: true });
    const runs = [
      ['status', '--resolve', '3=absent'],
      ['status', '0123456789abcdef', '--resolve', '3'],
      ['status', '0123456789abcdef', '--resolve', '1=absent', '--resolve', 'x=absent'],
    ].map((args) => ended(bench.run(...args)));
    const [noJob, noValue, second] = await Promise.all(runs);
    expect([noJob?.code, noValue?.code, second?.code]).toEqual([2, 2, 2]);
    expect(noJob?.stderr).toContain('which job?');
    expect(second?.stderr).toContain('--resolve "x=absent": expected ROW=absent');
  });
});
