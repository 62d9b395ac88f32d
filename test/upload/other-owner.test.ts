import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type Bench, openBench } from './job-bench.ts';

const upload = '/api/feature/upload-batch';
const refused = { kind: 'answer', commit: false, status: 400, body: '{"error":"no more"}' } as const;
let bench: Bench;
let proxy: FaultProxy;
let other: Sandbox | undefined;

afterEach(async () => {
  await proxy.close();
  await other?.close();
  await bench.close();
});

/** Leaves behind an upload that the server refused after its first batch. */
async function leaveUnfinished(target: () => string) {
  bench = await openBench(100, { here: true });
  proxy = await startFaultProxy(
    () => target(),
    ({ path }, nth) => (path === upload && nth === 1 ? refused : undefined),
  );
  const first = await bench.upload(proxy.url, '--batch-size', '32', '--concurrency', '1').ended;
  expect(first.code).toBe(10);
}

describe('an unfinished upload', () => {
  it('does not silently start over on another server behind the same address', async () => {
    let url = '';
    await leaveUnfinished(() => url || bench.sandbox.url);
    other = await startSandbox({ dataDir: join(bench.folder, 'other') });
    url = other.url;
    const second = await bench.upload(proxy.url).ended;
    expect(second.code).toBe(12);
    expect(second.stderr).toContain(bench.sandbox.serverId);
    expect(second.stderr).toContain(other.serverId);
    expect((await bench.upload(proxy.url, '--restart').ended).code).toBe(0);
  });

  it('does not silently start over with another account', async () => {
    await leaveUnfinished(() => bench.sandbox.url);
    const second = await bench.uploadAs('sandbox-research', proxy.url).ended;
    expect(second.code).toBe(12);
    expect(second.stderr).toContain('user_bulk');
    expect(second.stderr).toContain('user_research');
  });

  it('without its state is refused to another account, as the source set belongs to the first', async () => {
    await leaveUnfinished(() => bench.sandbox.url);
    await rm(join(bench.folder, 'state'), { recursive: true });
    const second = await bench.uploadAs('sandbox-research', proxy.url).ended;
    expect(second.code).toBe(6);
    expect(second.stderr).toContain('belongs to another account');
  });
});
