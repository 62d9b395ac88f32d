import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { connect } from '../../src/api/connect.ts';
import { findSaes } from '../../src/layouts/find.ts';
import type { UploadEvent } from '../../src/upload/events.ts';
import { holdJob } from '../../src/upload/held-jobs.ts';
import { journalPath } from '../../src/upload/journal.ts';
import { prepareSae } from '../../src/upload/kinds/sae.ts';
import { previewSae } from '../../src/upload/kinds/send-sae.ts';
import { mostToSend } from '../../src/upload/preview-job.ts';
import { factFile, openLibraryBench } from './library-bench.ts';

const place = { model: 'tiny-kjv-4l', layer: 1, hook: 'resid-post', orientation: 'rows', saeId: 'bench' } as const;

const unasked = () => expect.fail('the server was asked');

it('a preview trusts the journal, but not with --restart, about deleted rows, or if it is damaged', async () => {
  const bench = await openLibraryBench();
  const { report } = await bench.upload(factFile('rows.npy'));
  const { server, close } = await connect({
    ...{ url: bench.sandbox.url, key: bench.sandbox.apiKey, userAgent: 'test', insecure: false },
  });
  const [sae] = await findSaes(factFile('rows.npy'));
  if (!sae) throw new Error('no SAE');
  const run = { server, stateDir: bench.state, restart: false, onEvent: () => undefined };
  const prepared = await prepareSae(sae, place, run);
  await server.rows.remove('tiny-kjv-4l/1-bench/3');
  expect(await previewSae(prepared, run)).toMatchObject({ there: 16, toSend: 0 });
  expect(await previewSae(prepared, { ...run, restart: true })).toMatchObject({ there: 15, toSend: 1 });
  const held = await holdJob(report.job, { stateDir: bench.state, forceUnlock: false });
  await held.journal.append({ t: 'deleted', rows: [[3, 4]] });
  await held.close();
  expect(await previewSae(prepared, run)).toMatchObject({ there: 15, toSend: 1 });
  const job = { ...run, server: { ...server, rows: unasked, features: unasked } as never, ...prepared };
  expect(await mostToSend(job)).toBe(1);
  expect(await mostToSend({ ...job, restart: true })).toBe(16);
  const described = await prepareSae(sae, { ...place, attributes: { description: 'another' } }, run);
  await expect(previewSae(described, run)).rejects.toMatchObject({ code: 'checkpoint_mismatch', exitCode: 12 });
  const changed = { ...prepared, blocks: new Map([[0, '00000000']]) };
  await expect(previewSae(changed, run)).rejects.toThrow(/values changed within rows 0-15/);
  expect(await previewSae(changed, { ...run, restart: true })).toMatchObject({ there: 15, toSend: 1 });
  const journal = journalPath(bench.state, report.job);
  await writeFile(journal, (await readFile(journal, 'utf8')).replace('"batch":0', '"batch":7'));
  expect(await previewSae(changed, run)).toMatchObject({ there: 15, toSend: 1 });
  await described.close();
  await prepared.close();
  await sae.file.close();
  await close();
});

it('a preview counts all vectors as new, with a warning, if the server cannot list them', async () => {
  const refused = { kind: 'answer', commit: false, status: 400, body: '{"error":"no"}' } as const;
  const bench = await openLibraryBench(false, ({ path }) => (path === '/api/vector/list-owned' ? refused : undefined));
  const { server, close } = await connect({
    ...{ url: bench.proxy.url, key: bench.sandbox.apiKey, userAgent: 'test', insecure: false },
  });
  const [sae] = await findSaes(factFile('rows.npy'));
  if (!sae) throw new Error('no SAE');
  const warnings: string[] = [];
  const onEvent = (event: UploadEvent) => {
    if (event.type === 'warning') warnings.push(event.message);
  };
  const run = { server, stateDir: bench.state, restart: false, onEvent };
  const prepared = await prepareSae(sae, { ...place, as: 'vectors' }, run);
  expect(await previewSae(prepared, run)).toMatchObject({ there: 0, toSend: 16 });
  expect(warnings).toEqual([expect.stringMatching(/listing your vectors failed: .*--assume-new/)]);
  await prepared.close();
  await sae.file.close();
  await close();
});
