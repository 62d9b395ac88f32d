import { afterEach, describe, expect, it } from 'vitest';
import { some } from '../some.ts';
import { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { allThere, type Bench, compareWithStore, openBench } from './job-bench.ts';

const upload = '/api/feature/upload-batch';
let bench: Bench;
let proxy: FaultProxy;

afterEach(async () => {
  await proxy.close();
  await bench.close();
});

const json = (body: unknown) => JSON.stringify(body);
const failing = json({ error: 'Something went wrong on our end.' });

/** Faults that an upload must survive. */
const passing: Record<string, Fault> = {
  'a connection reset before the request arrives': { kind: 'reset-before' },
  'a connection reset after the commit': { kind: 'reset-after' },
  'an answer cut in the middle': { kind: 'cut-answer' },
  'a 500 before the commit': { kind: 'answer', commit: false, status: 500, body: failing },
  'a 500 after the commit': { kind: 'answer', commit: true, status: 500, body: failing },
  'a 502 with a web page': {
    kind: 'answer',
    commit: false,
    status: 502,
    headers: { 'content-type': 'text/html' },
    body: '<html>bad gateway</html>',
  },
  'a 429 with Retry-After': {
    kind: 'answer',
    commit: false,
    status: 429,
    headers: { 'retry-after': '0' },
    body: json({ error: 'slow down' }),
  },
  'a 429 without Retry-After': { kind: 'answer', commit: false, status: 429, body: json({ error: 'slow down' }) },
  'a 200 with a log-in page': {
    kind: 'answer',
    commit: false,
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: '<html>sign in</html>',
  },
  'a 200 with half a JSON document': { kind: 'answer', commit: true, status: 200, body: '{"message":"32 fea' },
  'a 413': { kind: 'answer', commit: false, status: 413, body: json({ error: 'too large', code: 'body_too_large' }) },
};

describe('an upload that meets a fault on the wire', () => {
  for (const [name, fault] of some(Object.entries(passing), 3)) {
    it(`stores every row exactly once despite ${name}`, async () => {
      bench = await openBench(200, { here: true });
      proxy = await startFaultProxy(bench.sandbox.url, ({ path }, nth) =>
        path === upload && nth % 4 === 1 && nth < 6 ? fault : undefined,
      );
      const { code, stderr } = await bench.upload(proxy.url, '--batch-size', '32').ended;
      expect(stderr).not.toContain('error');
      expect(code).toBe(0);
      expect(compareWithStore(bench)).toEqual(allThere);
    });
  }

  it('ends at once after a refusal, with what the server said', async () => {
    bench = await openBench(200, { here: true });
    const body = json({ error: 'index must be an integer', code: 'invalid_field', path: 'features[3].index' });
    proxy = await startFaultProxy(bench.sandbox.url, ({ path }) =>
      path === upload ? { kind: 'answer', commit: false, status: 400, body } : undefined,
    );
    const { code, stderr } = await bench.upload(proxy.url).ended;
    expect(code).toBe(10);
    expect(stderr).toContain('index must be an integer (at features[3].index): row 3');
    expect(bench.stored()).toEqual([]);
  });

  it('does not follow a redirect with the key', async () => {
    bench = await openBench(50, { here: true });
    const redirect: Fault = {
      kind: 'answer',
      commit: false,
      status: 307,
      headers: { location: 'http://127.0.0.1:1/elsewhere' },
      body: '',
    };
    proxy = await startFaultProxy(bench.sandbox.url, ({ path }) => (path === upload ? redirect : undefined));
    const { code, stderr } = await bench.upload(proxy.url).ended;
    expect(code).toBe(10);
    expect(stderr).toContain('http://127.0.0.1:1/elsewhere');
  });

  it('exits with 4 if its key is revoked halfway, and keeps its progress', async () => {
    bench = await openBench(200, { here: true });
    const body = json({ error: 'bad key', code: 'authentication_failed' });
    proxy = await startFaultProxy(bench.sandbox.url, ({ path }, nth) =>
      path === upload && nth > 1 ? { kind: 'answer', commit: false, status: 401, body } : undefined,
    );
    const { code } = await bench.upload(proxy.url, '--batch-size', '32', '--concurrency', '1').ended;
    expect(code).toBe(4);
    expect(bench.stored()).toHaveLength(64);
    expect((await bench.upload(bench.sandbox.url, '--batch-size', '32').ended).code).toBe(0);
    expect(compareWithStore(bench)).toEqual(allThere);
  });
});
