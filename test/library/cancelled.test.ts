import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { connect, type UploadEvent, uploadSae, uploadVector } from '../../src/index.ts';
import { type Plan, startFaultProxy } from '../upload/fault-proxy.ts';
import { openBench, place, tiny } from './bench.ts';

/** A sandbox behind a proxy that gives no answer to requests to `quiet.path`, and calls `quiet.meanwhile`. */
async function openQuietBench(key?: string) {
  const bench = await openBench();
  const quiet = { path: '', meanwhile: (): void => undefined };
  const plan: Plan = ({ path }) =>
    path === quiet.path ? { kind: 'silence', commit: false, meanwhile: () => quiet.meanwhile() } : undefined;
  const proxy = await startFaultProxy(bench.url, plan);
  const { server, close } = await connect({ url: proxy.url, key: key ?? bench.key });
  onTestFinished(async () => {
    await close();
    await proxy.close();
  });
  return { ...bench, quiet, run: { ...bench.run, server } };
}

const values = (scale: number) => Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * scale));

it.each(['signal', 'abort'])(
  'a look-up that gets no answer ends with the reason of %s, and nothing is left locked',
  async (by) => {
    const { run, quiet, query } = await openQuietBench();
    const sae = { ...run, saeId: 'x', features: [[0, 10]] } as const;
    const vector = { ...run, ...place, name: 'x' };
    await uploadSae(tiny, sae);
    const uploads = {
      '/api/model/get': (more: object) => uploadVector(values(1), { ...vector, ...more }),
      '/api/vector/list-owned': (more: object) => uploadVector(values(1), { ...vector, ...more }),
      '/api/source-set/tiny-kjv-4l/x': (more: object) => uploadSae(tiny, { ...sae, ...more }),
      '/api/features': (more: object) => uploadSae(tiny, { ...sae, features: [[0, 20]], ...more }),
    };
    for (const [path, upload] of Object.entries(uploads)) {
      const [reason, stop] = [new Error(path), new AbortController()];
      Object.assign(quiet, { path, meanwhile: () => stop.abort(reason) });
      await expect(upload({ [by]: stop.signal }), path).rejects.toBe(reason);
    }
    quiet.path = '';
    expect(query('SELECT count(*) AS n FROM features')).toEqual([{ n: 10 }]);
    for (const upload of Object.values(uploads)) await upload({});
    expect(query('SELECT count(*) AS n FROM features')).toEqual([{ n: 21 }]);
  },
);

it('making a source set, and looking at it before, ends at once too', async () => {
  const { run, quiet, query } = await openQuietBench();
  const sae = { ...run, saeId: 'new', features: [[0, 10]] } as const;
  for (const path of ['/api/source-set/tiny-kjv-4l/new', '/api/source-set/new']) {
    const [reason, stop] = [new Error(path), new AbortController()];
    quiet.meanwhile = () => stop.abort(reason);
    const onEvent = ({ type }: UploadEvent) => {
      // By then the plan has asked for the set once.
      if (type === 'checking') quiet.path = path;
    };
    await expect(uploadSae(tiny, { ...sae, signal: stop.signal, onEvent }), path).rejects.toBe(reason);
    quiet.path = '';
  }
  await uploadSae(tiny, sae);
  expect(query('SELECT count(*) AS n FROM features')).toEqual([{ n: 10 }]);
});

it('an upload that is stopped while it asks for its quota reports how it stands', async () => {
  const { run, quiet } = await openQuietBench('sandbox-free');
  const stop = new AbortController();
  Object.assign(quiet, { path: '/api/upload/limits', meanwhile: () => stop.abort() });
  const [end] = await uploadSae(tiny, { ...run, saeId: 'x', signal: stop.signal });
  expect(end?.report).toMatchObject({ end: { type: 'stopped' }, confirmed: 0 });
});

it('an SAE whose look-up is cut off after another was sent is reported as not begun', async () => {
  const { run, folder, quiet } = await openQuietBench();
  for (const layer of [1, 2]) {
    await cp(tiny, join(folder, `sae-${layer}`), { recursive: true });
    const config = join(folder, `sae-${layer}`, 'cfg.json');
    await writeFile(config, (await readFile(config, 'utf8')).replaceAll('blocks.1.', `blocks.${layer}.`));
  }
  const both = [join(folder, 'sae-1'), join(folder, 'sae-2')];
  const sweep = { ...run, saeId: 'sweep-{layer}' };
  await uploadSae(both, { ...sweep, features: [[0, 10]] });
  const stop = new AbortController();
  quiet.meanwhile = () => stop.abort();
  const onEvent = ({ source, ...event }: UploadEvent & { source?: string }) => {
    if (event.type === 'progress' && source?.includes('/1-') && event.confirmed === 20) quiet.path = '/api/features';
  };
  const ends = await uploadSae(both, { ...sweep, features: [[0, 20]], signal: stop.signal, onEvent });
  expect(ends).toMatchObject([{ report: { confirmed: 20 } }, { held: { end: { type: 'stopped' } } }]);
});

it('an upload whose connection is closed while it sends fails at once, and goes on over another', async () => {
  const { run, connection, url, key, query } = await openBench();
  const sae = { ...run, saeId: 'x', limits: { rows: 32, inFlight: 2 } };
  const types: string[] = [];
  const onEvent = (event: UploadEvent) => {
    types.push(event.type);
    if (event.type === 'progress' && event.confirmed >= 64) connection.close();
  };
  await expect(uploadSae(tiny, { ...sae, onEvent })).rejects.toMatchObject({
    ...{ code: 'unreachable', message: expect.stringContaining('closed on this side') },
  });
  expect(types).not.toContain('retry');
  const { server, close } = await connect({ url, key });
  const [end] = await uploadSae(tiny, { ...sae, server });
  await close();
  expect(end?.report).toMatchObject({ end: { type: 'finished' }, confirmed: 512 });
  expect(query('SELECT count(*) AS n, count(DISTINCT idx) AS d FROM features')).toEqual([{ n: 512, d: 512 }]);
});

it('an exception of onEvent ends the upload, whether it is thrown or the reason of a promise', async () => {
  const { run } = await openBench();
  const broken = new Error('the page is gone');
  const throws = (event: UploadEvent) => {
    if (event.type === 'progress' && event.confirmed >= 64) throw broken;
  };
  const rejects = async (event: UploadEvent) => throws(event);
  const sae = { ...run, saeId: 'x', limits: { rows: 32, inFlight: 1 } };
  await expect(uploadSae(tiny, { ...sae, onEvent: throws })).rejects.toBe(broken);
  await expect(uploadSae(tiny, { ...sae, onEvent: rejects })).rejects.toBe(broken);
  const always = async () => {
    throw broken;
  };
  await expect(uploadVector(values(1), { ...run, ...place, name: 'x', onEvent: always })).rejects.toBe(broken);
});
