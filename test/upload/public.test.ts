import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { some } from '../some.ts';
import { type Fault, type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type Bench, openPublicBench } from './job-bench.ts';

const uploads = ['/api/feature/upload-batch', '/api/vector/new'];
const quick = ['--settle-timeout', '0'];
const failing = JSON.stringify({
  error: 'Something went wrong on our end.',
  message: 'Something went wrong on our end.',
});
let bench: Bench;
let proxy: FaultProxy;

afterEach(async () => {
  await proxy.close();
  await bench.close();
});

/** Returns how many features and activations the store holds. */
function held() {
  return bench.query(
    'SELECT (SELECT count(*) FROM features) AS features, (SELECT count(*) FROM activations) AS activations',
  )[0];
}

const everything = { features: 512, activations: 1536 };
const faults: Record<string, Fault> = {
  'the answer is lost after the commit': { kind: 'reset-after' },
  'the connection breaks before the request arrives': { kind: 'reset-before' },
  'a 500 comes after the commit': { kind: 'answer', commit: true, status: 500, body: failing },
  'a 500 comes before the commit': { kind: 'answer', commit: false, status: 500, body: failing },
  'a gateway answers with a page after the commit': {
    kind: 'answer',
    commit: true,
    status: 502,
    headers: { 'content-type': 'text/html' },
    body: '<html></html>',
  },
};

describe('features with activations, on a server without keys', () => {
  for (const [name, fault] of some(Object.entries(faults), 2)) {
    it(`are stored once each, with each activation once, though every fourth time ${name}`, async () => {
      bench = await openPublicBench({ here: true });
      proxy = await startFaultProxy(bench.sandbox.url, ({ path }, nth) =>
        uploads.includes(path) && nth % 4 === 1 ? fault : undefined,
      );
      const { code, stderr } = await bench.uploadSae(proxy.url, '--batch-size', '32', ...quick).ended;
      expect(stderr).not.toContain('error:');
      expect(code).toBe(0);
      expect(held()).toEqual(everything);
    });
  }

  it('are sent in halves while a transaction keeps failing, until all are stored', async () => {
    bench = await openPublicBench({ here: true });
    const tooMuch: Fault = { kind: 'answer', commit: false, status: 500, body: failing };
    proxy = await startFaultProxy(bench.sandbox.url, ({ path, bytes }, nth) =>
      uploads.includes(path) && nth > 0 && bytes > 60_000 ? tooMuch : undefined,
    );
    const { code, stderr } = await bench.uploadSae(proxy.url, '--batch-size', '64', ...quick).ended;
    expect(stderr).toContain('sending it in two halves');
    expect(code).toBe(0);
    expect(held()).toEqual(everything);
  });

  it('are given up after two single rows if the server takes nothing at all', async () => {
    bench = await openPublicBench({ here: true });
    const nothing: Fault = { kind: 'answer', commit: false, status: 500, body: failing };
    proxy = await startFaultProxy(bench.sandbox.url, ({ path }) => (uploads.includes(path) ? nothing : undefined));
    const { code, stderr } = await bench.uploadSae(proxy.url, ...quick).ended;
    expect(code).toBe(10);
    expect(stderr).toContain('accepts nothing at all');
    expect(proxy.seen.filter(({ path }) => uploads.includes(path))).toHaveLength(5);
  });
});

describe('steering vectors, on a server without keys', () => {
  const some = ['--as', 'vectors', '--features', '0-11', ...quick];
  const names = () =>
    bench.query('SELECT label FROM features WHERE label IS NOT NULL ORDER BY label').map(({ label }) => label);
  const expected = Array.from({ length: 12 }, (_, row) => `bench L1 #${row}`).sort();

  for (const name of ['the answer is lost after the commit', 'the connection breaks before the request arrives']) {
    it(`are created once each, though every fourth time ${name}`, async () => {
      bench = await openPublicBench({ here: true });
      proxy = await startFaultProxy(bench.sandbox.url, ({ path }, nth) =>
        uploads.includes(path) && nth % 4 === 1 ? faults[name] : undefined,
      );
      expect((await bench.uploadSae(proxy.url, ...some).ended).code).toBe(0);
      expect(names()).toEqual(expected);
      expect((await bench.uploadSae(proxy.url, ...some).ended).code).toBe(0);
      expect(names()).toEqual(expected);
    });
  }

  it('are not sent again on a guess: if they cannot be listed, the unknown row is named and left', async () => {
    bench = await openPublicBench({ here: true });
    let lost = false;
    const noList: Fault = { kind: 'answer', commit: false, status: 500, body: failing };
    proxy = await startFaultProxy(bench.sandbox.url, ({ path }, nth) => {
      if (path === '/api/vector/new' && nth === 3) {
        lost = true;
        return { kind: 'reset-after' };
      }
      return lost && path === '/api/vector/list-owned' ? noList : undefined;
    });
    const { code, stderr } = await bench.uploadSae(proxy.url, ...some).ended;
    expect(code).toBe(9);
    expect(stderr).toContain('unknown whether the server has row 3');
    expect(names()).toHaveLength(4);
    lost = false;
    expect((await bench.uploadSae(bench.sandbox.url, ...some).ended).code).toBe(0);
    expect(names()).toEqual(expected);
  });
});

describe('a steering vector with its activations, on a server without keys', () => {
  for (const fault of [{ kind: 'reset-after' }, { kind: 'reset-before' }] as const) {
    it(`is stored once, with each activation once, though every first try fails (${fault.kind})`, async () => {
      bench = await openPublicBench({ here: true });
      const spoiled = [...uploads, '/api/activation/upload-batch'];
      proxy = await startFaultProxy(bench.sandbox.url, ({ path }, nth) =>
        spoiled.includes(path) && nth === 0 ? fault : undefined,
      );
      for (const _run of [1, 2]) {
        const { code, stdout, stderr } = await bench.uploadVector(proxy.url, ...quick).ended;
        expect(stderr).not.toContain('error:');
        expect(code).toBe(0);
        expect(stdout).toMatch(/tiny-kjv-4l\/1-neuronpedia-resid-post\/\d+\n$/);
        expect(held()).toEqual({ features: 1, activations: 2 });
      }
    });
  }
});

describe('a signal', () => {
  it('during the wait for requests of another run ends the upload in order, saying how to go on', async () => {
    bench = await openPublicBench();
    proxy = await startFaultProxy(bench.sandbox.url, () => undefined);
    expect((await bench.uploadSae(proxy.url, '--features', '0-9', ...quick).ended).code).toBe(0);
    await rm(join(bench.folder, 'state'), { recursive: true });
    const second = bench.uploadSae(proxy.url, '--settle-timeout', '10m');
    second.process.stderr?.on('data', (text) => {
      if (String(text).includes('waiting 600 s')) second.process.kill('SIGINT');
    });
    const { code, stderr } = await second.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('go on with: neuronpedia upload-sae');
    expect(stderr).not.toContain('error:');
  });
});
