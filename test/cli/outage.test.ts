import { afterEach, describe, expect, it, vi } from 'vitest';
import { outageTeller } from '../../src/cli/outage.ts';
import { createOutput } from '../../src/cli/output.ts';
import { loadProgress } from '../../src/cli/progress.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../upload/fault-proxy.ts';
import { allThere, type Bench, compareWithStore, openBench } from '../upload/job-bench.ts';
import { testTerminal } from './terminal.ts';

const upload = '/api/feature/upload-batch';
const busy: Fault = {
  ...{ kind: 'answer', commit: false, status: 429, headers: { 'retry-after': '0' } },
  body: JSON.stringify({ error: 'slow down' }),
};
let bench: Bench;
let proxy: FaultProxy;

describe('a server that fails several requests at once', () => {
  afterEach(async () => {
    await proxy.close();
    await bench.close();
  });

  it('is reported in one line on stderr, and in one event per request with --json', async () => {
    bench = await openBench(400, { here: true });
    proxy = await startFaultProxy(bench.sandbox.url, ({ path }, nth) =>
      path === upload && nth > 5 && nth <= 11 ? busy : undefined,
    );
    const { code, stdout, stderr } = await bench.upload(proxy.url, '--batch-size', '8', '--json').ended;
    expect(code).toBe(0);
    expect(stderr.match(/trying again/g)).toHaveLength(1);
    expect(stderr).toMatch(/^trying again, first in 0 s, then less often: .*slow down/m);
    const events = stdout.split('\n').filter((line) => line.includes('"type":"retry"'));
    expect(events).toHaveLength(6);
    expect(compareWithStore(bench)).toEqual(allThere);
  });
});

describe('messages about an outage', () => {
  const retry = (why: string) => ({ type: 'retry', wait_s: 0.5, attempt: 1, why }) as const;
  const lost = 'http://host: the connection was lost (ECONNRESET)';

  it('name each cause once, whatever its error code, until the server accepts something again', () => {
    let now = 0;
    const teller = outageTeller(() => now);
    expect(teller.retry(retry(lost))).toBe(`trying again, first in 0.5 s, then less often: ${lost}`);
    expect(teller.retry(retry(lost.replace('ECONNRESET', 'UND_ERR_SOCKET')))).toBeUndefined();
    expect(teller.retry(retry('http://host: refuses connections'))).toContain('refuses connections');
    now = 120_000;
    for (let i = 0; i < 8; i++) expect(teller.retry(retry(lost))).toBeUndefined();
    teller.progress();
    expect(teller.retry(retry(lost))).toMatch(/ECONNRESET\) \(and 9 times since this was said\)$/);
  });

  it('come at most twice a minute if a server fails intermittently', () => {
    let now = 0;
    const teller = outageTeller(() => now);
    let told = 0;
    for (; now < 600_000; now += 1000) {
      if (teller.retry(retry(lost)) !== undefined) told++;
      teller.progress();
    }
    expect(told).toBe(20);
  });
});

it('the progress bar counts down to the next try, and returns to normal once rows are accepted', async () => {
  const terminal = testTerminal(80, 24);
  const options = { json: false, quiet: false, verbose: false, color: false, colorResults: false, progress: true };
  const streams = { stdout: terminal.stream, stderr: terminal.stream };
  const startProgress = await loadProgress(createOutput(streams, { ...options, cursor: true, unicode: true }));
  vi.useFakeTimers();
  try {
    const progress = startProgress(100, 0);
    progress.update(10);
    progress.trying(8000);
    vi.advanceTimersByTime(2000);
    expect(terminal.lines().at(-1)).toMatch(/10\/100 rows {2}trying again in 0:0[67]$/);
    vi.advanceTimersByTime(7000);
    expect(terminal.lines().at(-1)).toMatch(/10\/100 rows {2}trying again$/);
    progress.update(50);
    vi.advanceTimersByTime(1000);
    expect(terminal.lines().at(-1)).toMatch(/50\/100 rows/);
    expect(terminal.lines().at(-1)).not.toContain('trying');
    progress.update(100);
    progress.stop();
    expect(terminal.lines().at(-1)).toMatch(/100\/100 rows.*done in/);
  } finally {
    vi.useRealTimers();
  }
});
