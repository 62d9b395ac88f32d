import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import {
  openTensorFile,
  readRows,
  type SaeUpload,
  type UploadEvent,
  uploadProbe,
  uploadSae,
  uploadVector,
} from '../../src/index.ts';
import { timeUp } from '../../src/upload/time-limit.ts';
import { fixture } from '../fixtures.ts';
import { openBench, place, tiny } from './bench.ts';

it('an upload stopped by its signal says so, and running it again finishes it', async () => {
  const { run, query } = await openBench();
  const stop = new AbortController();
  const upload: SaeUpload = { ...run, saeId: 'script', limits: { rows: 32, inFlight: 1 } };
  const events: (UploadEvent & { source?: string })[] = [];
  const onEvent = (event: UploadEvent) => {
    events.push(event);
    if (event.type === 'progress' && event.confirmed >= 64) stop.abort();
  };
  const [stopped] = await uploadSae(tiny, { ...upload, signal: stop.signal, onEvent });
  expect(stopped).toMatchObject({ source: 'tiny-kjv-4l/1-script', report: { end: { type: 'stopped' } } });
  const confirmed = stopped?.report?.confirmed ?? 0;
  expect(confirmed).toBeGreaterThanOrEqual(64);
  expect(confirmed).toBeLessThan(512);
  expect(events.find(({ type }) => type === 'progress')?.source).toBe('tiny-kjv-4l/1-script');
  const [end] = await uploadSae([tiny], upload);
  expect(end?.report).toMatchObject({ end: { type: 'finished' }, confirmed: 512, sent: 512 - confirmed });
  expect(query('SELECT count(*) AS n, count(DISTINCT idx) AS d FROM features')).toMatchObject([{ n: 512, d: 512 }]);
});

it('an upload aborted with only the abort signal is reported as stopped, and can be resumed', async () => {
  const { run, query } = await openBench();
  const abort = new AbortController();
  const onEvent = (event: UploadEvent) => {
    if (event.type === 'progress' && event.confirmed >= 64) abort.abort();
  };
  const limits = { rows: 32, inFlight: 1 };
  const [cut] = await uploadSae(tiny, { ...run, saeId: 'script', limits, abort: abort.signal, onEvent });
  expect(cut?.report?.end).toEqual({ type: 'stopped' });
  const confirmed = cut?.report?.confirmed ?? 0;
  expect(confirmed).toBeGreaterThanOrEqual(64);
  expect(confirmed).toBeLessThan(480);
  const stored = () => query('SELECT count(*) AS n, count(DISTINCT idx) AS d FROM features') as [{ n: number }];
  // The server may have taken a request that was cut off.
  expect([confirmed, confirmed + 32]).toContain(stored()[0].n);
  const [end] = await uploadSae(tiny, { ...run, saeId: 'script' });
  expect(end?.report).toMatchObject({ end: { type: 'finished' }, confirmed: 512 });
  expect(stored()).toEqual([{ n: 512, d: 512 }]);
});

it('a signal that has already fired ends an upload with its reason, and nothing is sent', async () => {
  const { run, folder, query } = await openBench();
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(uploadSae(tiny, { ...run, saeId: 'script', signal })).rejects.toThrow('enough');
  expect(query('SELECT count(*) AS n FROM features')).toMatchObject([{ n: 0 }]);
  expect(await readdir(folder)).not.toContain('state');
});

it('a time limit also ends an upload during its check and its look-up', async () => {
  const { run, folder, query } = await openBench();
  const up = AbortSignal.abort(timeUp());
  await expect(uploadSae(tiny, { ...run, saeId: 'script', signal: up })).rejects.toMatchObject({ code: 'paused' });
  expect(await readdir(folder)).not.toContain('state');
  await uploadSae(tiny, { ...run, saeId: 'script', features: [[0, 10]] });
  const stop = new AbortController();
  const features: typeof run.server.features = (destination) => {
    const delivery = run.server.features(destination);
    const lookup: typeof delivery.lookup = (rows) => {
      stop.abort(timeUp());
      return delivery.lookup(rows);
    };
    return { ...delivery, lookup };
  };
  const server = { ...run.server, features };
  const [end] = await uploadSae(tiny, { ...run, server, saeId: 'script', signal: stop.signal });
  expect(end?.held).toEqual({ end: { type: 'time_up' } });
  expect(query('SELECT count(*) AS n FROM features')).toMatchObject([{ n: 10 }]);
});

it('a vector upload whose signal fires before anything is written creates no model and no job', async () => {
  const { run, folder, query } = await openBench();
  const values = new Float32Array(64).fill(1);
  for (const [reason, error] of [
    [new Error('enough'), { message: 'enough' }],
    [timeUp(), { code: 'paused', exitCode: 8 }],
  ] as const) {
    const stop = new AbortController();
    const planned = async () => {
      stop.abort(reason);
      return true;
    };
    const upload = { ...run, ...place, model: 'brand-new', createModel: 4, name: 'x', signal: stop.signal };
    await expect(uploadVector(values, upload, { planned })).rejects.toMatchObject(error);
  }
  expect(query("SELECT count(*) AS n FROM models WHERE id = 'brand-new'")).toMatchObject([{ n: 0 }]);
  expect(await readdir(folder)).not.toContain('state');
});

it('a hook that sees the plan can end the upload there', async () => {
  const { run, query } = await openBench();
  const seen: number[] = [];
  const planned = async (prepared: readonly unknown[]) => {
    seen.push(prepared.length);
    return false;
  };
  expect(await uploadSae(tiny, { ...run, saeId: 'script' }, { planned })).toEqual([]);
  expect(seen).toEqual([1]);
  expect(query('SELECT count(*) AS n FROM features')).toMatchObject([{ n: 0 }]);
});

it('a server to be opened on demand is not opened for a file that does not exist', async () => {
  const server = () => expect.fail('it was opened');
  const upload = { server, stateDir: 'nowhere' };
  await expect(uploadSae('no-such-folder', { ...upload, saeId: 'x' })).rejects.toMatchObject({
    code: 'file_not_found',
  });
  const vector = uploadVector('no-such-file.npy', { ...upload, ...place, name: 'x' });
  await expect(vector).rejects.toMatchObject({ code: 'file_not_found', exitCode: 6 });
});

it('a vector and a probe may each be values, an open file or a path, and each is stored once', async () => {
  const { run, query } = await openBench();
  const path = fixture('vectors/woman-minus-man-64-f32.npy');
  const bytes = (await readFile(path)).subarray(-4 * 64);
  const values = Float32Array.from({ length: 64 }, (_, i) => bytes.readFloatLE(4 * i));
  const file = await openTensorFile(path);
  onTestFinished(() => file.close());
  const forms = { values, file, path };
  for (const [form, source] of Object.entries(forms)) {
    const vector = { ...run, ...place, name: `vector by ${form}`, strength: -3 };
    const probe = { ...run, ...place, name: `probe by ${form}`, concept: 'gender', bias: 0.5 };
    const first = [await uploadVector(source, vector), await uploadProbe(source, probe)];
    const again = [await uploadVector(source, vector), await uploadProbe(source, probe)];
    expect(first.map((end) => [end?.prepared.kind, end?.report.sent])).toEqual([
      ['vector', 1],
      ['probe', 1],
    ]);
    expect(again).toMatchObject(first.map((end) => ({ id: end?.id, report: { sent: 0 } })));
  }
  const v = bytes.toString('hex').toUpperCase();
  const rows = (kind: string) => Object.keys(forms).map((form) => ({ label: `${kind} by ${form}`, kind, v }));
  expect(query('SELECT label, kind, hex(vector) AS v FROM features ORDER BY id')).toEqual(
    expect.arrayContaining([...rows('vector'), ...rows('probe')]),
  );
  expect(query('SELECT 1 FROM features')).toHaveLength(6);
});

it('readRows yields rows that can be kept, along either axis', async () => {
  const file = await openTensorFile(join(tiny, 'sae_weights.safetensors'));
  onTestFinished(() => file.close());
  const all = async (tensor: string, orientation: 'rows' | 'columns') => {
    const rows: Float32Array[] = [];
    for await (const { row, values } of readRows(file, { tensor, orientation })) rows[row] = values;
    return rows;
  };
  const [down, across] = [await all('W_dec', 'rows'), await all('W_dec', 'columns')];
  expect([down.length, across.length]).toEqual([512, 64]);
  for (const row of [0, 17, 511])
    expect(down[row]).toEqual(Float32Array.from(across, (column) => column[row] as number));
  await expect(readRows(file).next()).rejects.toMatchObject({ code: 'layout_unknown' });
});

it('with only the abort signal, SAEs after the one that it ends are not begun', async () => {
  const { run, folder, query } = await openBench();
  const abort = new AbortController();
  for (const layer of [1, 2]) {
    await cp(tiny, join(folder, `sae-${layer}`), { recursive: true });
    const config = join(folder, `sae-${layer}`, 'cfg.json');
    await writeFile(config, (await readFile(config, 'utf8')).replaceAll('blocks.1.', `blocks.${layer}.`));
  }
  const onEvent = ({ type }: UploadEvent) => type === 'progress' && abort.abort();
  const both = [join(folder, 'sae-1'), join(folder, 'sae-2')];
  const ends = await uploadSae(both, { ...run, saeId: 'sweep-{layer}', abort: abort.signal, onEvent });
  expect(ends).toMatchObject([{ report: { end: { type: 'stopped' } } }, { held: { end: { type: 'stopped' } } }]);
  expect(query('SELECT name FROM source_sets')).toEqual([{ name: 'sweep-1' }]);
});

it('an upload over a closed connection is refused at once', async () => {
  const { run, connection } = await openBench();
  await connection.close();
  await expect(uploadSae(tiny, { ...run, saeId: 'late' })).rejects.toMatchObject({
    ...{ code: 'unreachable', message: expect.stringContaining('closed on this side') },
    hints: ['open another one with connect()'],
  });
});

it('values that the command line would refuse are refused from a script too, before anything is sent', async () => {
  const { run, query } = await openBench();
  const vector = { ...run, ...place, name: 'v' };
  const values = new Float32Array(64).fill(0.25);
  const usage = { code: 'usage', exitCode: 2 };
  for (const strength of [Number.NaN, 301, Number.POSITIVE_INFINITY]) {
    await expect(uploadVector(values, { ...vector, strength })).rejects.toMatchObject(usage);
  }
  for (const license of ['NOPE', 'cc0', '']) {
    await expect(uploadVector(values, { ...vector, attributes: { license } })).rejects.toMatchObject(usage);
  }
  for (const layer of [-1, 0.5, Number.NaN]) {
    await expect(uploadVector(values, { ...vector, layer })).rejects.toMatchObject({ code: 'layer_out_of_range' });
  }
  for (const limits of [{ inFlight: 0 }, { rows: -1 }, { bytes: Number.NaN }]) {
    await expect(uploadSae(tiny, { ...run, saeId: 'none', limits })).rejects.toMatchObject(usage);
  }
  expect(query('SELECT count(*) AS n FROM features')).toEqual([{ n: 0 }]);
});

it('a probe with another bias is another probe', async () => {
  const { run, query } = await openBench();
  const values = Float32Array.from({ length: 64 }, (_, i) => Math.cos(i));
  const probe = { ...run, ...place, name: 'p', concept: 'c' };
  for (const [bias, sent] of [
    [0.5, 1],
    [undefined, 1],
    [0, 1],
    [0.5, 0],
    [undefined, 0],
    [0, 0],
  ] as const) {
    const { report } = await uploadProbe(values, { ...probe, ...(bias !== undefined && { bias }), restart: true });
    expect([bias, report.sent]).toEqual([bias, sent]);
  }
  expect(query('SELECT count(*) AS n FROM features')).toEqual([{ n: 3 }]);
});
