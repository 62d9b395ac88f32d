import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { journalPath, openJournal } from '../../src/upload/journal.ts';
import { openCommands } from './commands-here.ts';
import { fixture, npyFile, tinySae } from './fixtures.ts';
import { documentsOf, linesOf } from './run-cli.ts';

const vectors = ['upload-sae', tinySae, '--sae-id', 'few', '--features', '0-2', '--as', 'vectors'];

it('plan, summary, receipt and link say where rows sent as vectors are stored', async () => {
  const { run, runBare, query, folder, url } = await openCommands();
  const receipt = join(folder, 'receipt.jsonl');
  const ran = await run([...vectors, '--receipt', receipt]);
  expect(ran.code, ran.stderr).toBe(0);
  const [stored] = query('SELECT DISTINCT model_id, source FROM features');
  const source = `${stored?.model_id}/${stored?.source}`;
  const documents = documentsOf(ran);
  expect(documents.find(({ type }) => type === 'plan')).toMatchObject({ source });
  expect(documents.at(-1).jobs).toMatchObject([{ source, confirmed: 3 }]);
  expect(JSON.parse(linesOf(readFileSync(receipt, 'utf8'))[0] as string)).toMatchObject({ source });
  const again = await runBare(...vectors, '--api-url', url);
  expect(again.stdout).toBe(`${url}/${source}\n`);
});

it('a dry run of vectors whose names are taken says so, as text and as JSON', async () => {
  const { run, folder } = await openCommands();
  const where = ['--model', 'tiny-kjv-4l', '--layer', '1', '--hook', 'resid-post', '--orientation', 'rows'];
  const place = [...where, '--sae-id', 'few', '--as', 'vectors'];
  const upload = (factor: number, ...more: string[]) => {
    const file = join(folder, `${factor}.npy`);
    writeFileSync(
      file,
      npyFile([3, 64], (position) => Math.fround((position + 1) / factor)),
    );
    return run(['upload-sae', file, ...place, ...more]);
  };
  const first = await upload(7);
  expect(first.code, first.stderr).toBe(0);
  const other = await upload(9, '--restart', '--dry-run');
  expect(other.code, other.stderr).toBe(0);
  expect(other.stderr).toContain('3 of these vectors have the same names as different vectors on the server');
  expect(documentsOf(other)).toContainEqual(
    expect.objectContaining({ type: 'warning', message: expect.stringContaining('nothing is replaced') }),
  );
});

it('status --resolve asks the embedded sandbox about its own job, with and without --sandbox', async () => {
  const { runBare, state } = await openCommands();
  const command = ['upload-sae', tinySae, '--sae-id', 'few', '--features', '0-2', '--sandbox', '--json'];
  const [job] = documentsOf(await runBare(...command)).at(-1).jobs;
  const journal = await openJournal(journalPath(state, job.job));
  await journal.append({ t: 'intent', batch: 9, key: 'lost', rows: [[5, 6]], hash: '0'.repeat(64) });
  await journal.close();
  const notThere = { code: 'not_found', message: expect.stringContaining('server has no') };
  for (const typed of [[], ['--sandbox']]) {
    const absent = await runBare('status', job.job, '--resolve', '5=tiny-kjv-4l/1-few/5', '--json', ...typed);
    expect(documentsOf(absent)).toMatchObject([notThere]);
  }
});

it('a job that was deleted as a whole has nothing left to verify', async () => {
  const { run, runBare, url } = await openCommands();
  const [{ job }] = documentsOf(await run(vectors)).at(-1).jobs;
  expect(await run(['delete', '--job', job, '--yes'])).toMatchObject({ code: 0 });
  const { code, stdout, stderr } = await runBare('status', job, '--verify', '--api-url', url);
  expect(code).toBe(0);
  expect(stderr).not.toContain('not on the server yet');
  expect(stdout).toContain('there is nothing to verify');
  expect(stdout).not.toContain('all of them');
});

it.each([
  ['with idempotency keys', false],
  ['without idempotency keys', true],
] as const)('a vector is stored once if a gateway answers for the server, %s', async (_, isPublic) => {
  const { run, query } = await openCommands(
    ({ path }, nth) =>
      path === '/api/vector/new' && nth === 0
        ? { kind: 'answer', commit: true, status: 200, body: '{"hello":"from the gateway"}' }
        : undefined,
    isPublic,
  );
  const file = fixture('vectors/woman-minus-man-64-f32.npy');
  const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--name', 'Once', '--settle-timeout', '0s'];
  const ran = await run(['upload-vector', file, ...place]);
  expect(ran.code, ran.stderr).toBe(0);
  expect(query("SELECT 1 FROM features WHERE label = 'Once'")).toHaveLength(1);
});

it('a vector whose name looks like an address is found by it', async () => {
  const { run, query } = await openCommands();
  const vector = ['upload-vector', fixture('vectors/random-768-f32.npy'), '--model', 'gpt2-small', '--layer', '6'];
  expect(await run([...vector, '--name', 'v1.2/honest/sad'])).toMatchObject({ code: 0 });
  const other = fixture('vectors/random-768-f64.npy');
  expect(await run([...vector.with(1, other), '--name', 'honest/sad'])).toMatchObject({ code: 0 });
  expect(documentsOf(await run(['status', 'v1.2/honest/sad']))[0]).toMatchObject({ type: 'job', confirmed: 1 });
  for (const longer of ['x/v1.2/honest/sad', 'x/honest/sad']) {
    expect(await run(['delete', '--job', longer, '--yes'])).toMatchObject({ code: 6 });
  }
  expect(await run(['delete', '--job', 'v1.2/honest/sad', '--yes'])).toMatchObject({ code: 0 });
  expect(query('SELECT label FROM features')).toEqual([{ label: 'honest/sad' }]);
});
