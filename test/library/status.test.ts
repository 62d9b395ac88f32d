import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type UploadEvent, uploadSae } from '../../src/index.ts';
import { runHere } from '../cli/in-process.ts';
import { documentsOf } from '../cli/run-cli.ts';
import { openBench, tiny } from './bench.ts';

it('status names no command for the job of a script, and says how its rows can be compared', async () => {
  const { run, folder, url, key } = await openBench();
  const stop = new AbortController();
  const onEvent = ({ type }: UploadEvent) => type === 'progress' && stop.abort();
  const sae = { ...run, saeId: 'x', limits: { rows: 32, inFlight: 1 } };
  const [stopped] = await uploadSae(tiny, { ...sae, signal: stop.signal, onEvent });
  const env = {
    ...{ HOME: folder, NEURONPEDIA_CONFIG_DIR: join(folder, 'config'), NEURONPEDIA_STATE_DIR: run.stateDir },
    ...{ NEURONPEDIA_API_KEY: key, NEURONPEDIA_API_URL: url },
  };
  const listed = await runHere(['status'], { env });
  expect(listed.stdout).toContain('interrupted');
  expect(listed.stdout).not.toContain('go on with');
  const job = stopped?.report?.job ?? '';
  const verify = await runHere(['status', job, '--verify'], { env });
  expect(verify.error).toMatchObject({ code: 'not_found', hints: [expect.stringContaining('restart: true')] });
  expect(documentsOf(await runHere(['status', job, '--json'], { env }))).toMatchObject([{ command: '' }]);
  // What the hint says is true.
  const [end] = await uploadSae(tiny, { ...sae, restart: true });
  expect(end?.report).toMatchObject({ end: { type: 'finished' }, confirmed: 512, found: stopped?.report?.confirmed });
});
