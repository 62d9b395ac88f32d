import { expect, it } from 'vitest';
import { connect, findSaes, prepareSae } from '../../src/index.ts';
import { holdJob } from '../../src/upload/held-jobs.ts';
import { previewSae } from '../../src/upload/kinds/send-sae.ts';
import { factFile, openLibraryBench } from './library-bench.ts';

const place = { model: 'tiny-kjv-4l', layer: 1, hook: 'resid-post', orientation: 'rows', saeId: 'bench' } as const;

it('a preview believes the journal, but not with --restart, and not of rows that were taken back', async () => {
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
  expect(await previewSae(prepared, { ...run, trustJournal: true })).toMatchObject({ there: 15, toSend: 1 });
  // Another run has sent it again since, which this journal does not know.
  await bench.upload(factFile('rows.npy'), {}).catch(() => undefined);
  expect(await previewSae(prepared, { ...run, trustJournal: true })).toMatchObject({ there: 16, toSend: 0 });
  await prepared.close();
  await sae.file.close();
  await close();
});
