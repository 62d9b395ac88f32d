import { afterEach, describe, expect, it } from 'vitest';
import { type ClockEvent, hourMs, startClock, type TestClock } from './clock.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { allThere, type Bench, compareWithStore, openBench } from './job-bench.ts';

const dayMs = 24 * hourMs;
const rows = 4300;
let bench: Bench;
let proxy: FaultProxy;
let clock: TestClock;
let statuses: number[];

afterEach(async () => {
  await proxy.close();
  await bench.close();
  clock.close();
});

/** Opens a bench with a free key on the evening before clocks in Berlin go back; `events` happen to its machine. */
async function open(events: readonly ClockEvent[] = []): Promise<void> {
  clock = startClock('2026-10-24T22:30:00Z', events);
  bench = await openBench(rows, { key: 'sandbox-free', now: clock.now, env: { ...clock.env, TZ: 'Europe/Berlin' } });
  statuses = [];
  proxy = await startFaultProxy(
    bench.sandbox.url,
    () => undefined,
    ({ status }) => statuses.push(status),
  );
}

const usage = () => bench.query('SELECT day, count FROM usage ORDER BY day');
const perDay = (...counts: number[]) => counts.map((count, i) => ({ day: `2026-10-${24 + i}`, count }));
const lastDocument = (stdout: string) => JSON.parse(stdout.trim().split('\n').at(-1) as string);
const asked = (path: string) => proxy.seen.filter((request) => request.path === path).length;

/** Expects every row once, sent within five days; no refusals, and the quota asked for at most about once an hour. */
function expectFiveDays(): void {
  expect(compareWithStore(bench)).toEqual(allThere);
  expect(usage()).toEqual(perDay(1000, 1000, 1000, 1000, 300));
  expect(statuses.filter((status) => status !== 200 && status !== 404)).toEqual([]);
  expect(asked('/api/feature/upload-batch')).toBe(4 * 8 + 3);
  expect(asked('/api/upload/limits')).toBeLessThan(5 * 24);
  expect(clock.now().toISOString()).toMatch(/^2026-10-28T00:0/);
}

describe('an upload over several days', () => {
  it('sleeps until each reset if it is a single run, even when clocks go back', async () => {
    await open();
    const { code, stderr } = await bench.upload(proxy.url, '--wait').ended;
    expect(code).toBe(0);
    expect(stderr).toContain('4,300 to send at 1,000 a day: this takes 5 days');
    expect(stderr).toContain('waiting until 02:00 (00:00 UTC)');
    expect(stderr).toContain('waiting until 01:00 on 2026-10-26 (2026-10-26 00:00 UTC)');
    expectFiveDays();
  });

  it('exits with 8 each day if it is run once a day, and ends with every row there once', async () => {
    await open();
    for (let day = 25; day < 29; day++) {
      const { code, stdout } = await bench.upload(proxy.url, '--json').ended;
      expect(code).toBe(8);
      expect(lastDocument(stdout)).toMatchObject({ status: 'paused', resume_at: `2026-10-${day}T00:00:00.000Z` });
      clock.set(lastDocument(stdout).resume_at);
    }
    expect((await bench.upload(proxy.url).ended).code).toBe(0);
    expectFiveDays();
  });

  it('waits just as long as it must, even if its clock is set or its machine sleeps', async () => {
    await open([
      { at: '2026-10-24T23:10:00Z', set: -hourMs },
      { at: '2026-10-25T03:00:00Z', asleep: 8 * hourMs },
      { at: '2026-10-25T20:00:00Z', set: dayMs },
      { at: '2026-10-26T20:00:00Z', set: -40 * dayMs },
      { at: '2026-10-26T22:00:00Z', asleep: 2 * hourMs - 60_000 },
    ]);
    const { code, stdout } = await bench.upload(proxy.url, '--wait', '--json').ended;
    expect(code).toBe(0);
    expectFiveDays();
    // It reports its waits in the server's time, whatever its own clock showed.
    const waits = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ type }) => type === 'waiting');
    expect(waits.map(({ until }) => until)).toEqual([25, 26, 27, 28].map((day) => `2026-10-${day}T00:00:00.000Z`));
  });

  it('ends after --max-duration, asleep or awake, whatever its clock was set to', async () => {
    await open([
      { at: '2026-10-24T23:10:00Z', set: dayMs },
      { at: '2026-10-25T03:00:00Z', asleep: 8 * hourMs },
      { at: '2026-10-25T12:00:00Z', set: -3 * dayMs },
    ]);
    const run = bench.upload(proxy.url, '--wait', '--max-duration', '20h', '--json');
    const { code, stdout, stderr } = await run.ended;
    expect(code).toBe(8);
    expect(stderr).toContain('support@neuronpedia.org');
    expect(stderr).not.toContain('--wait sleeps');
    expect(lastDocument(stdout)).toMatchObject({ status: 'paused', resume_at: '2026-10-26T00:00:00.000Z' });
    expect(Math.abs(clock.now().getTime() - Date.parse('2026-10-25T18:30:00Z'))).toBeLessThan(3 * 60_000);
    expect(usage()).toEqual(perDay(1000, 1000));
  });
});
