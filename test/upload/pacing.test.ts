import { afterEach, describe, expect, it } from 'vitest';
import { openWritableStore } from '../../src/sandbox/store/store.ts';
import { type ClockEvent, hourMs, startClock, type TestClock } from './clock.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type Bench, openPublicBench } from './job-bench.ts';

const start = '2026-11-22T12:20:00Z';
const hour = Math.floor(Date.parse(start) / 3_600_000);
const limit = 25_000;
let bench: Bench;
let proxy: FaultProxy;
let clock: TestClock;

afterEach(async () => {
  await proxy.close();
  await bench.close();
  clock.close();
});

/**
 * Opens a public sandbox with hourly windows, of which others behind the same address have used `used` requests.
 * `events` happen to the machine of the binary.
 */
async function openLimited(used: number, ...events: ClockEvent[]): Promise<void> {
  clock = startClock(start, events);
  bench = await openPublicBench({ rateLimit: true, now: clock.now, env: clock.env });
  useWindow(used);
}

/** Fills the window as if others behind the same address had sent this many requests. */
function useWindow(requests: number, endpoint = '/api'): void {
  const store = openWritableStore(`${bench.folder}/data`, clock.now());
  store.write(() => {
    for (let i = 0; i < requests; i++) store.windows.add('127.0.0.1', endpoint, hour);
  });
  store.close();
}

const some = ['--as', 'vectors', '--features', '0-29', '--settle-timeout', '0', '--json'];
const labels = () => bench.query('SELECT count(DISTINCT label) AS n FROM features WHERE label IS NOT NULL');

describe('the public server’s hourly window', () => {
  it('is never exceeded: requests are spread out and waits reported, whatever happens to the clock', async () => {
    await openLimited(
      limit - 25,
      { at: '2026-11-22T12:30:00Z', set: -hourMs },
      { at: '2026-11-22T12:45:00Z', set: 24 * hourMs },
      { at: '2026-11-22T12:50:00Z', asleep: hourMs / 4 },
    );
    const refused: number[] = [];
    proxy = await startFaultProxy(
      bench.sandbox.url,
      () => undefined,
      ({ status }) => {
        if (status === 429) refused.push(status);
      },
    );
    const { code, stdout, stderr } = await bench.uploadSae(proxy.url, ...some).ended;
    expect(code).toBe(0);
    expect(refused).toEqual([]);
    expect(labels()).toEqual([{ n: 30 }]);
    expect(stderr).toMatch(
      /waiting until .*: the server accepts \d+ more requests for now, and \d+ are still to be sent/,
    );
    expect(stdout).toContain('"type":"waiting"');
    expect(clock.now().getTime() - Date.parse(start)).toBeGreaterThan(30 * 60_000);
  });

  it('is waited for if others fill it meanwhile, and is then not exceeded again', async () => {
    // The machine's clock is 25 minutes fast: by that clock the hour would be over too early.
    await openLimited(1000, { at: start, set: 25 * 60_000 });
    const answers: number[] = [];
    proxy = await startFaultProxy(
      bench.sandbox.url,
      ({ path }, nth) => {
        if (path === '/api/vector/new' && nth === 10) useWindow(limit - 1000);
        return undefined;
      },
      ({ path, status }) => {
        if (path === '/api/vector/new') answers.push(status);
      },
    );
    const { code, stderr } = await bench.uploadSae(proxy.url, ...some).ended;
    expect(code).toBe(0);
    expect(answers.filter((status) => status !== 200)).toEqual([429]);
    expect(labels()).toEqual([{ n: 30 }]);
    expect(stderr).toContain('waiting until');
    expect(clock.now().getTime()).toBeGreaterThan(Date.parse('2026-11-22T13:00:00Z'));
    expect(clock.now().getTime()).toBeLessThan(Date.parse('2026-11-22T13:30:00Z'));
  });

  it('for source sets is waited for with --wait, by the server’s clock', async () => {
    await openLimited(0, { at: start, set: 2 * hourMs });
    useWindow(10, '/api/source-set/new');
    const made: number[] = [];
    proxy = await startFaultProxy(
      bench.sandbox.url,
      () => undefined,
      ({ path, status }) => {
        if (path === '/api/source-set/new') made.push(status);
      },
    );
    const { code, stdout } = await bench.uploadSae(proxy.url, '--features', '0-9', '--wait', '--tag', 'a', '--json')
      .ended;
    expect(code).toBe(0);
    expect(made).toEqual([429, 200]);
    expect(stdout).toContain('"type":"waiting","until":"2026-11-22T13:03:00');
    expect(JSON.parse(stdout.trim().split('\n').at(-1) as string).jobs).toMatchObject([
      { notStored: ['tags', 'decoder vectors'] },
    ]);
    expect(clock.now().toISOString()).toMatch(/^2026-11-22T13:0[34]/);
  });
});
