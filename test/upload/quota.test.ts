import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../../src/api/connect.ts';
import { findSaes } from '../../src/layouts/find.ts';
import type { Sae } from '../../src/layouts/sae.ts';
import { listJobs } from '../../src/upload/jobs.ts';
import { prepareSae } from '../../src/upload/kinds/sae.ts';
import { sendSae } from '../../src/upload/kinds/send-sae.ts';
import { timeUp } from '../../src/upload/time-limit.ts';
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

/** Opens a bench with a free key, at 22:30 UTC by a clock that both sides share. */
async function openFree(rows: number): Promise<void> {
  clock = startClock('2026-11-22T22:30:00Z');
  bench = await openBench(rows, { key, now: clock.now, env: { ...clock.env, TZ: 'Europe/Berlin' } });
}

describe('an upload that spends its quota', () => {
  it('stops and says when to go on, in local time and UTC; the same command then finishes it', async () => {
    await openFree(1100);
    const first = await bench.upload(bench.sandbox.url, '--restart', '--force-unlock', '--json').ended;
    expect(first.code).toBe(8);
    // Repeated as it is, the command would forget what was sent.
    expect(/go on with: (.*)/.exec(first.stderr)?.[1]).toMatch(
      /^neuronpedia upload-sae (?!.*(restart|unlock)).* --json$/,
    );
    const [job] = await listJobs(join(bench.folder, 'state'));
    expect(job?.job.command).toMatch(/^neuronpedia upload-sae (?!.*(restart|unlock)).* --json$/);
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

  it('sends only what is left, then stops, if another machine uses part of the quota meanwhile', async () => {
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
    expect(stderr).toContain('something else has used part of it during this run; more may be sent from 01:00');
    expect(usage()).toEqual([{ day: '2026-11-22', count: 1000 }]);
    expect(bench.query("SELECT count(*) AS n FROM features WHERE source = '1-bench'")).toEqual([{ n: 500 }]);
    const sent = proxy.seen.filter(({ path }) => path === upload);
    // Three that pass, one that is refused whole, and the 116 rows of it that still fit.
    expect(sent.length).toBeLessThanOrEqual(6);
  });

  it('asks for the quota only once after the reset that it waited for', async () => {
    await openFree(1100);
    let askedToday = 0;
    let uploads = 0;
    proxy = await startFaultProxy(bench.sandbox.url, ({ path }) => {
      const isNextDay = (clock as TestClock).now() >= new Date('2026-11-23T00:00:00Z');
      if (path === upload && isNextDay) uploads++;
      if (path === '/api/upload/limits' && isNextDay && uploads === 0) askedToday++;
      return undefined;
    });
    expect((await bench.upload(proxy.url, '--wait').ended).code).toBe(0);
    expect(askedToday).toBe(1);
    expect(uploads).toBeGreaterThan(0);
    expect(compareWithStore(bench)).toEqual(allThere);
  });

  it('ends in order at Ctrl-C while it waits for the reset, with exit 130 and nothing lost', async () => {
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

describe('a sweep', () => {
  it('estimates days for all SAEs, begins none after the quota is spent, and finishes the next day', async () => {
    await openFree(1);
    const command = ['upload-sae', sweep([0, 1, 2]), '--sae-id', 'swept', '--api-url', bench.sandbox.url, '--json'];
    const first = await bench.run(...command).ended;
    expect(first.code).toBe(8);
    expect(first.stderr).toContain('1,536 to send at 1,000 a day: this takes 2 days');
    expect(first.stderr).toContain('not begun: tiny-kjv-4l/2-swept');
    const resume_at = '2026-11-23T00:00:00.000Z';
    const jobs = [
      { source: 'tiny-kjv-4l/0-swept', status: 'done', confirmed: 512 },
      { source: 'tiny-kjv-4l/1-swept', status: 'paused', confirmed: 488, resume_at },
      { source: 'tiny-kjv-4l/2-swept', status: 'paused', sent: 0, resume_at },
    ];
    expect(lastDocument(first.stdout)).toMatchObject({ type: 'summary', status: 'paused', resume_at, jobs });
    // A runner with an empty disk does not count the rows already on the server either.
    const state = join(bench.folder, 'state');
    await rename(state, `${state}.kept`);
    expect((await bench.run(...command).ended).stderr).toContain('536 to send at 1,000 a day: this takes 2 days');
    await rm(state, { recursive: true });
    await rename(`${state}.kept`, state);
    clock?.set('2026-11-23T09:00:00Z');
    const second = await bench.run(...command).ended;
    expect(second.code).toBe(0);
    expect(second.stdout).toContain('"toSend":536,"days":1');
    const perSource = bench.query('SELECT source, count(*) AS n FROM features GROUP BY source ORDER BY source');
    expect(perSource).toEqual(['0-swept', '1-swept', '2-swept'].map((source) => ({ source, n: 512 })));
  });
});

it('an SAE of a sweep whose place holds other features stops neither the estimate nor the other SAEs', async () => {
  await openFree(1);
  expect(await useQuota(bench.sandbox.url, 100)).toBe(100);
  const command = ['upload-sae', sweep([0, 1]), '--sae-id', 'elsewhere', '--api-url', bench.sandbox.url, '--json'];
  const { code, stdout, stderr } = await bench.run(...command).ended;
  expect(code).toBe(10);
  expect(stderr).toContain('1,024 to send at 1,000 a day: this takes 2 days, 900 of them can be sent today');
  expect(lastDocument(stdout).jobs).toMatchObject([
    { source: 'tiny-kjv-4l/0-elsewhere', status: 'failed', code: 'feature_exists' },
    { source: 'tiny-kjv-4l/1-elsewhere', status: 'done', confirmed: 512 },
  ]);
});

describe('--max-duration', () => {
  it('stops before anything is sent if the time is up by then, and refuses the duration "soon"', async () => {
    bench = await openBench(200, { here: true });
    const { code, stdout, stderr } = await bench.upload(bench.sandbox.url, '--max-duration', '1ms', '--json').ended;
    expect(code).toBe(8);
    const { resume_at, ...summary } = lastDocument(stdout);
    expect(summary).toMatchObject({ type: 'summary', status: 'paused' });
    expect(Math.abs(Date.parse(resume_at) - Date.now())).toBeLessThan(60_000);
    expect(stderr).toContain('--max-duration');
    expect(bench.stored()).toEqual([]);
    expect((await bench.upload(bench.sandbox.url, '--max-duration', 'soon').ended).code).toBe(2);
  });

  it('lets requests in flight end and leaves the rest to the next run', async () => {
    bench = await openBench(400, { here: true });
    const clockOrPerson = new AbortController();
    let letGo = () => {};
    const bothInFlight = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    proxy = await startFaultProxy(bench.sandbox.url, async ({ path }, nth) => {
      if (path !== upload || nth === 0) return undefined;
      if (nth === 2) {
        clockOrPerson.abort(timeUp());
        letGo();
      }
      await bothInFlight;
      return undefined;
    });
    const [sae] = await findSaes(join(bench.folder, 'W_dec.npy'));
    const { server, close } = await connect({
      ...{ url: proxy.url, key: bench.sandbox.apiKey, userAgent: 'test', insecure: false },
    });
    const run = {
      ...{ server, stateDir: join(bench.folder, 'state'), restart: false, forceUnlock: false, wait: false },
      ...{ settleTimeoutMs: 0, command: '', assumeNew: false, onEvent: () => {} },
      ...{ stop: clockOrPerson.signal, abort: new AbortController().signal },
    };
    const options = { model: 'tiny-kjv-4l', layer: 1, saeId: 'bench', orientation: 'rows' } as const;
    const report = await sendSae(await prepareSae(sae as Sae, options, run), { rows: 50, inFlight: 3 }, run);
    await close();
    await sae?.file.close();
    // The one that was sent alone, and the two in flight as the time was up.
    expect(report).toMatchObject({ end: { type: 'time_up' }, confirmed: 150 });
    expect(bench.stored()).toHaveLength(150);
    const [job] = await listJobs(run.stateDir);
    expect(job).toMatchObject({ state: 'paused', pause: { why: 'the time allowed by --max-duration is up' } });
    expect((await bench.upload(proxy.url).ended).code).toBe(0);
    expect(compareWithStore(bench)).toEqual(allThere);
  });
});

/** Makes a folder with a copy of the tiny SAE for each layer. */
function sweep(layers: readonly number[]): string {
  const tinySae = join(import.meta.dirname, '../../fixtures/sae-tiny');
  for (const layer of layers) {
    const folder = join(bench.folder, 'sweep', `layer_${layer}`);
    mkdirSync(folder, { recursive: true });
    cpSync(join(tinySae, 'sae_weights.safetensors'), join(folder, 'sae_weights.safetensors'));
    const config = readFileSync(join(tinySae, 'cfg.json'), 'utf8').replace('blocks.1.', `blocks.${layer}.`);
    writeFileSync(join(folder, 'cfg.json'), config);
  }
  return join(bench.folder, 'sweep');
}

/** Uploads rows of another SAE with the same account, and returns how many the server took. */
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
