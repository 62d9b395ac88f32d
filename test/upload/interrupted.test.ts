import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { allThere, type Bench, compareWithStore, openBench, type Run } from './job-bench.ts';

const upload = '/api/feature/upload-batch';
const small = ['--batch-size', '32'];
let bench: Bench;
let proxy: FaultProxy | undefined;

afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
  await bench.close();
});

/** Uploads through a proxy that kills the process at its `nth` batch or vector, counted from 0, and then loses request or answer. */
async function uploadKilledAt(nth: number, kind: 'reset-before' | 'reset-after', ...more: string[]) {
  let run: Run | undefined;
  const between = await startFaultProxy(bench.sandbox.url, (request, count) => {
    if (![upload, '/api/vector/new'].includes(request.path) || count !== nth) return undefined;
    run?.process.kill('SIGKILL');
    return { kind };
  });
  proxy = between;
  const again = (...other: string[]) => bench.upload(between.url, ...small, '--concurrency', '1', ...more, ...other);
  run = again();
  await run.ended;
  const keys = () => between.seen.filter(({ path }) => path === upload).map(({ idempotencyKey }) => idempotencyKey);
  return { url: between.url, again, keys };
}

describe('resuming an interrupted upload', () => {
  it('sends the unanswered batch again under its old key, and no confirmed batch', async () => {
    bench = await openBench(256);
    const killed = await uploadKilledAt(3, 'reset-after');
    const keysBefore = killed.keys();
    expect((await killed.again().ended).code).toBe(0);
    const keys = killed.keys();
    expect(keysBefore).toHaveLength(4);
    expect(keys).toHaveLength(9);
    expect(keys[4]).toBe(keysBefore[3]);
    expect(new Set(keys).size).toBe(8);
    expect(compareWithStore(bench)).toEqual(allThere);
  });

  it('counts rows of the unanswered batch as there if another run has sent the same values with other fields', async () => {
    bench = await openBench(64);
    const { url, again } = await uploadKilledAt(1, 'reset-before', '--description', 'one');
    const [state, aside] = ['state', 'aside'].map((name) => join(bench.folder, name)) as [string, string];
    await rename(state, aside);
    expect((await bench.upload(url, '--features', '40-63', '--description', 'two').ended).code).toBe(0);
    await rm(state, { recursive: true });
    await rename(aside, state);
    expect(await again().ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('64 of 64 features on the server'),
    });
    expect(compareWithStore(bench)).toEqual(allThere);
  });

  it('counts only rows that were asked for, though the unanswered batch has others', async () => {
    bench = await openBench(64);
    const { again } = await uploadKilledAt(1, 'reset-before');
    const { code, stderr } = await again('--features', '40-47').ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining('8 of 8 features on the server, 8 sent now\n')]);
    expect(compareWithStore(bench)).toEqual(allThere);
  });

  it('is done without the rows that a later whole upload leaves out', async () => {
    bench = await openBench(64);
    const facts = join(bench.folder, 'dead.jsonl');
    await writeFile(
      facts,
      Array.from({ length: 64 }, (_, index) => `{"index":${index},"dead":${index > 59}}`).join('\n'),
    );
    const { url, again } = await uploadKilledAt(0, 'reset-before', '--feature-metadata', facts);
    expect((await again('--skip-dead').ended).code).toBe(0);
    const { stdout } = await bench.run('status', '--json', '--api-url', url).ended;
    expect(JSON.parse(stdout).jobs).toMatchObject([{ state: 'done', planned: 60, confirmed: 60, unknown: 0 }]);
  });

  it('finds the vector whose answer was lost without waiting for others', async () => {
    bench = await openBench(4);
    const { again } = await uploadKilledAt(1, 'reset-after', '--as', 'vectors', '--hook', 'resid-post');
    const { code, stderr } = await again().ended;
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('waiting')]);
    expect(bench.stored()).toHaveLength(4);
  });

  it('works after SIGINT, which exits with 130 and says how to go on', async () => {
    bench = await openBench(512);
    let first: Run | undefined;
    proxy = await startFaultProxy(bench.sandbox.url, (request, count) => {
      if (request.path === upload && count === 2) first?.process.kill('SIGINT');
      return undefined;
    });
    first = bench.upload(proxy.url, ...small);
    const ended = await first.ended;
    expect(ended.code).toBe(130);
    expect(ended.stderr).toContain('go on with: neuronpedia upload-sae');
    expect(bench.stored().length).toBeLessThan(512);
    const before = proxy.seen.filter(({ path }) => path === upload).length;
    expect((await bench.upload(proxy.url, ...small).ended).code).toBe(0);
    const all = proxy.seen.filter(({ path }) => path === upload).length;
    expect(before).toBeLessThan(16);
    expect(all).toBe(16);
    expect(compareWithStore(bench)).toEqual(allThere);
  });

  it('refuses a changed file, naming the rows, and changes nothing on the server', async () => {
    bench = await openBench(2100);
    let first: Run | undefined;
    proxy = await startFaultProxy(bench.sandbox.url, (request, count) => {
      if (request.path !== upload || count !== 3) return undefined;
      first?.process.kill('SIGKILL');
      return { kind: 'reset-before' };
    });
    first = bench.upload(proxy.url);
    await first.ended;
    const { open } = await import('node:fs/promises');
    const file = await open(join(bench.folder, 'W_dec.npy'), 'r+');
    await file.write(Buffer.from([1, 2, 3, 60]), 0, 4, 128 + 2000 * 64 * 4);
    await file.close();
    const stored = bench.stored().length;
    const second = await bench.upload(proxy.url).ended;
    expect(second.code).toBe(12);
    expect(second.stderr).toContain('values changed within rows 1024-2047');
    expect(bench.stored().length).toBe(stored);
  });

  it('is refused while the first run is alive, naming the process that holds the job', async () => {
    bench = await openBench(256);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let reached: () => void = () => undefined;
    const inFlight = new Promise<void>((resolve) => {
      reached = resolve;
    });
    proxy = await startFaultProxy(bench.sandbox.url, async (request, count) => {
      if (request.path !== upload || count !== 0) return undefined;
      reached();
      await held;
      return undefined;
    });
    const first = bench.upload(proxy.url, ...small);
    await inFlight;
    const second = await bench.upload(proxy.url, ...small).ended;
    expect(second.code).toBe(11);
    expect(second.stderr).toContain(`pid ${first.process.pid}`);
    release();
    expect((await first.ended).code).toBe(0);
    expect(compareWithStore(bench)).toEqual(allThere);
  });
});
