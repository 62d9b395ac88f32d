import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { startSandbox } from '../../src/sandbox/index.ts';
import { openJournal } from '../../src/upload/journal.ts';
import type { JournalRecord } from '../../src/upload/journal-records.ts';
import { fixture, tinySae } from './fixtures.ts';
import { type Home, testHere as test } from './home.ts';
import { runHere } from './in-process.ts';
import { documentsOf, linesOf } from './run-cli.ts';

const sae = (name: string, ...more: string[]) => ['upload-sae', tinySae, '--sae-id', name, ...more];

describe('a job', () => {
  test('is found by the first digits of its id, and by the source that its upload printed', async ({ home }) => {
    const ran = await home.run([...sae('named'), '--batch-size', '64', '--sandbox']);
    const source = ran.stdout.trim();
    const [{ id }] = documentsOf(await home.run(['status', '--sandbox', '--json']))[0].jobs;
    const server = await home.sandbox();
    for (const name of [id, id.slice(0, 5), id.slice(0, 1), source, `${server.url}/${source}`]) {
      const shown = await home.run(['status', name, '--sandbox']);
      expect(shown).toMatchObject({ code: 0 });
      expect(shown.stdout).toContain(`  ${id}  done  100 %  512/512 rows  ${source}`);
      expect(shown.stdout).toContain('    8 batches\n');
      expect(documentsOf(await home.run(['status', name, '--sandbox', '--json']))).toMatchObject([{ id, batches: 8 }]);
    }
    const unknown = id.startsWith('0') ? '1' : '0';
    expect(await home.run(['status', unknown, '--sandbox'])).toMatchObject({ code: 6 });
    const dry = ['delete', '--job', source, '--sandbox', '--dry-run', '--json'];
    expect(documentsOf(await home.run(dry)).at(-1)).toMatchObject({ job: id });
    // The source that is printed for vectors of an SAE is not that of the SAE itself.
    const vectors = await home.run([...sae('named', '--as', 'vectors', '--features', '0-1'), '--sandbox']);
    const found = await home.run(['status', vectors.stdout.trim(), '--sandbox']);
    expect(found.stdout).toContain(`2/2 rows  ${vectors.stdout.trim()} (vectors of 1-named)\n`);
    expect(vectors.stdout.trim()).not.toBe(source);
    const other = await home.run(['status', 'tiny-kjv-4l/1-nosuch', '--sandbox']);
    expect(other.code).toBe(6);
    expect(other.stderr).toContain('nothing was uploaded from here to tiny-kjv-4l/1-nosuch');
    expect(other.stderr).toContain('status tiny-kjv-4l/1-nosuch/0');
  });
});

describe('status of a job at a limit', () => {
  const env = { NEURONPEDIA_SANDBOX_TIER: 'free' };

  test('says that it is paused, why and until when, even after another attempt', async ({ home }) => {
    for (const [name, code] of [
      ['first', 0],
      ['second', 8],
    ] as const)
      expect(await home.run([...sae(name), '--sandbox'], { env })).toMatchObject({ code });
    const listed = await home.run(['status', '--sandbox'], { env });
    expect(listed.stdout).toMatch(/^ {2}[0-9a-f]{16} {2}paused {2}95 % {2}488\/512 rows {2}tiny-kjv-4l\/1-second$/m);
    expect(listed.stdout).toMatch(/^ {4}paused: the quota of 1,000 features a day is spent; may go on from .*UTC.?$/m);
    expect(listed.stdout).toMatch(/^ {4}go on with: neuronpedia upload-sae .* second --sandbox$/m);
    const [, job] = documentsOf(await home.run(['status', '--sandbox', '--json'], { env }))[0].jobs;
    expect(job).toMatchObject({ state: 'paused', why: 'the quota of 1,000 features a day is spent' });
    expect(job.resume_at).toMatch(/T00:00:00.000Z$/);
    expect(Date.parse(job.resume_at)).toBeGreaterThan(Date.now() - 1000);
    const one = documentsOf(await home.run(['status', job.id, '--sandbox', '--json'], { env }))[0];
    expect(one).toMatchObject({ type: 'job', state: 'paused', resume_at: job.resume_at });

    // Another attempt is paused as well, until the same moment.
    expect(await home.run([...sae('second'), '--sandbox'], { env })).toMatchObject({ code: 8 });
    expect(await jobsOf(home, env)).toMatchObject([{ state: 'done' }, { state: 'paused', resume_at: job.resume_at }]);
  });

  test('goes on with the latest command that has rows to send', async ({ home }) => {
    const choose = (features: string) => home.run([...sae('some'), '--features', features, '--sandbox'], { env });
    const command = async () =>
      documentsOf(await home.run(['status', '--sandbox', '--json'], { env }))[0].jobs.at(-1).command as string;
    expect(await home.run([...sae('spent'), '--features', '0-509', '--sandbox'], { env })).toMatchObject({ code: 0 });
    expect(await choose('0-479')).toMatchObject({ code: 0 });
    expect(await choose('480-499')).toMatchObject({ code: 8 });
    expect(await command()).toMatch(/ --features 480-499 --sandbox$/);
    // All of these are there, so that the rest of the others is what remains.
    expect(await choose('470-484')).toMatchObject({ code: 0 });
    expect(await command()).toMatch(/ --features 480-499 --sandbox$/);
    expect(await choose('500-505')).toMatchObject({ code: 8 });
    expect(await command()).toMatch(/ --features 500-505 --sandbox$/);
  });

  test('is done, and says nothing of a pause, once the quota has let it finish', async ({ home }) => {
    let day = 22;
    const now = () => new Date(`2026-11-${day}T12:00:00Z`);
    const server = home.own(await startSandbox({ dataDir: join(home.folder, 'server'), tier: 'free', now }));
    const at = { env: { NEURONPEDIA_API_KEY: 'sandbox-free' } };
    const status = async (...more: string[]) => (await home.runAt(server.url, ['status', ...more], at)).stdout;
    expect(await home.runAt(server.url, sae('first'), at)).toMatchObject({ code: 0 });
    expect(await home.runAt(server.url, sae('second'), at)).toMatchObject({ code: 8 });
    expect(await status()).toContain('    paused: the quota of 1,000 features a day is spent');
    day = 23;
    expect(await home.runAt(server.url, sae('second'), at)).toMatchObject({ code: 0 });
    expect(await status()).toMatch(/^ {2}[0-9a-f]{16} {2}done {2}100 % {2}512\/512 rows {2}tiny-kjv-4l\/1-second$/m);
    expect(await status()).not.toMatch(/paused|go on/);
    const [, job] = JSON.parse(await status('--json')).jobs;
    expect(job).toMatchObject({ state: 'done', confirmed: 512 });
    for (const field of ['why', 'resume_at']) expect(job).not.toHaveProperty(field);
  });

  test('is interrupted after a person stopped a resumed run, although the limit still holds', async ({ home }) => {
    for (const name of ['first', 'second']) await home.run([...sae(name), '--sandbox', '--json'], { env });
    const stop = new AbortController();
    const ran = await runHere([...sae('second'), '--sandbox', '--json'], {
      env: { ...home.env, ...env },
      stop: stop.signal,
      onStdout: (text) => text.includes('"progress"') && stop.abort(new AppError('interrupted', 'stopped')),
    });
    expect(documentsOf(ran).at(-1)).toMatchObject({ status: 'interrupted' });
    expect(await jobsOf(home, env)).toMatchObject([{ state: 'done' }, { state: 'interrupted', confirmed: 488 }]);
  });

  test('says "may go on now" once its time has come, and is interrupted without a recorded pause', async ({ home }) => {
    await writeJob(home, 1, { t: 'paused', at: '', why: 'the time is up', resumeAt: '2026-01-01T00:00:00.000Z' });
    await writeJob(home, 2, { t: 'paused', at: '', why: 'who knows when', resumeAt: null });
    await writeJob(home, 3, { t: 'found', rows: [[0, 1]], ids: { 0: 'm/1-job-3/0' } });
    const { stdout } = await home.run(['status', '--sandbox']);
    expect(stdout).toMatch(/^ {4}paused: the time is up; may go on now$/m);
    expect(stdout).toMatch(/^ {4}paused: who knows when$/m);
    const jobs = await jobsOf(home);
    expect(jobs.map(({ state }) => state)).toEqual(['paused', 'paused', 'interrupted']);
    // Features are listed by their source, which is already shown.
    expect(stdout).not.toContain('m/1-job-3/0');
    expect(jobs[1]).not.toHaveProperty('resume_at');
  });
});

/** Writes the journal of a job begun at a given minute of one hour, as runs leave it, ending in `last`. */
async function writeJob(home: Home, minute: number, last: JournalRecord, shard?: string): Promise<void> {
  const id = minute.toString(16).padStart(16, '0');
  const journal = await openJournal(`${home.state}/jobs/${id}.journal`);
  const place = { server: 's', serverKind: 'upload-protocol', serverName: 'https://example.org', account: 'u' };
  const what = {
    accountName: 'you',
    model: 'm',
    source: shard ? '1-parts' : `1-job-${minute}`,
    as: 'features',
  } as const;
  const job = { title: `m/1-job-${minute}`, command: 'neuronpedia upload-sae x', ...(shard && { shard }) };
  const createdAt = `2026-11-22T00:${String(minute).padStart(2, '0')}:00.000Z`;
  await journal.append({ t: 'job', version: 1, ...place, ...what, ...job, createdAt }, last);
  await journal.close();
}

async function jobsOf(home: Home, env: Record<string, string> = {}) {
  return documentsOf(await home.run(['status', '--sandbox', '--json'], { env }))[0].jobs as Record<string, unknown>[];
}

describe('a long list of jobs', () => {
  test('shows jobs that finished before the latest ten on one line each, and in full with --all', async ({ home }) => {
    const done: JournalRecord = { t: 'done', at: '' };
    await writeJob(home, 1, { t: 'plan', rows: [[0, 4]] });
    for (let minute = 2; minute <= 15; minute++) await writeJob(home, minute, done);
    const titles = (text: string) => [...text.matchAll(/ {2}m\/1-job-(\d+)$/gm)].map(([, n]) => Number(n));
    // Finished ones first: those to go on with are where the screen ends.
    const numbers = [...Array.from({ length: 14 }, (_, i) => i + 2), 1];
    const atLength = (text: string) => text.match(/^ {4}\S.*, begun /gm)?.length;
    const { stdout } = await home.run(['status', '--sandbox']);
    expect([titles(stdout), atLength(stdout)]).toEqual([numbers, 11]);
    expect(linesOf(stdout)).toContain(
      '  finished jobs before the latest 10 are shown on one line each; --all shows them in full',
    );
    const all = await home.run(['status', '--all', '--sandbox']);
    expect([titles(all.stdout), atLength(all.stdout)]).toEqual([numbers, 15]);
    expect(all.stdout).not.toContain('are shown on one line each');
    expect(await jobsOf(home)).toHaveLength(15);
  });

  test('keeps the shards of an SAE together, all in full if one is unfinished', async ({ home }) => {
    await writeJob(home, 1, { t: 'done', at: '' }, '1/2');
    await writeJob(home, 2, { t: 'plan', rows: [[0, 4]] }, '2/2');
    for (let minute = 3; minute <= 13; minute++) await writeJob(home, minute, { t: 'done', at: '' });
    const { stdout } = await home.run(['status', '--sandbox']);
    expect(stdout).toContain('m/1-parts in 2 shards: 2 of them known here, 1 done');
    expect(stdout.match(/, begun /g)).toHaveLength(12);
    expect(stdout).toContain('are shown on one line each');
  });

  test('does not mix with a single job: --all is refused with the id of one', async ({ home }) => {
    expect(await home.run(['status', '0123456789abcdef', '--all', '--sandbox'])).toMatchObject({ code: 2 });
  });
});

describe('what status lists as the result of a job', () => {
  const place = ['--model', 'tiny-kjv-4l', '--layer', '1'];

  test('is the URL of a vector; of many, the number, the first few and where to find all', async ({ home, server }) => {
    const file = fixture('vectors/woman-minus-man-64-f32.npy');
    const vector = await home.runAt(server.url, ['upload-vector', file, ...place, '--name', 'listed']);
    const many = sae('many', '--as', 'vectors', '--features', '0-24');
    expect([vector.code, (await home.runAt(server.url, many)).code]).toEqual([0, 0]);
    const { stdout } = await home.runAt(server.url, ['status']);
    expect(stdout).toMatch(new RegExp(`  listed \\(.*\\n.*begun.*\\n {4}${vector.stdout.trim()}\\n`));
    const url = `${server.url}/tiny-kjv-4l/1-neuronpedia-resid-post/\\d+\\n`;
    const [, job] = /^ {2}([0-9a-f]{16}) .*1-many/m.exec(stdout) ?? [];
    const all = `{4}all of them: neuronpedia status ${job} --receipt FILE\\n`;
    expect(stdout).toMatch(
      new RegExp(`1-many.*\\n.*\\n {4}25 vectors on the server, the first 3:\\n( {6}${url}){3} ${all}`),
    );
    const receipt = `${home.folder}/receipt.jsonl`;
    const one = await home.runAt(server.url, ['status', job as string, '--receipt', receipt]);
    expect(one.stdout).toMatch(new RegExp(`25 vectors on the server, the first 20:\\n( {6}${url}){20} ${all}`));
  });

  test('is both URLs of two vectors, and nothing more than the source of features', async ({ home, server }) => {
    await home.runAt(server.url, sae('two', '--as', 'vectors', '--features', '3,5', '--label', 'two {index}'));
    await home.runAt(server.url, sae('plain', '--features', '0-9'));
    const { stdout } = await home.runAt(server.url, ['status']);
    expect(stdout).toMatch(/ {4}2 vectors on the server:\n( {6}http:\S+\/\d+\n){2} {2}\S/);
    expect(stdout).toMatch(/1-plain\n.*begun.*\n$/);
  });
});

describe('a checkpoint', () => {
  test('that is damaged is reported by status and refused by commands that name its job', async ({ home }) => {
    const ran = await home.run([...sae('lost', '--features', '0-9'), '--sandbox', '--json']);
    const [{ job }] = documentsOf(ran).at(-1).jobs;
    const path = join(home.state, 'jobs', `${job}.journal`);
    writeFileSync(path, readFileSync(path, 'utf8').toUpperCase());
    const listed = await home.run(['status', '--sandbox']);
    expect(listed).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`the checkpoint of job ${job} is damaged`),
    });
    for (const command of [
      ['status', job.slice(0, 6)],
      ['delete', '--job', job, '--yes'],
    ]) {
      const ran = await home.run([...command, '--sandbox']);
      expect(ran).toMatchObject({ code: 12, stderr: expect.stringContaining(`job ${job} is damaged`) });
    }
    expect(await home.run([...sae('lost', '--features', '0-9'), '--sandbox'])).toMatchObject({ code: 0 });
  });

  test('that cannot be read is named by status, which still lists the others', async ({ home }) => {
    expect(await home.run([...sae('seen', '--features', '0-9'), '--sandbox'])).toMatchObject({ code: 0 });
    // A folder is what no account can read as a file, not even root.
    const path = join(home.state, 'jobs', '0123456789abcdef.journal');
    mkdirSync(path);
    const problem = `${path}: the checkpoint cannot be read (EISDIR)`;
    const listed = await home.run(['status', '--sandbox', '--all']);
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('1-seen') });
    expect(listed.stderr).toContain(`neuronpedia: warning: ${problem}\n`);
    const named = await home.run(['status', '0123456789abcdef', '--sandbox']);
    expect(named).toMatchObject({ code: 12, stderr: expect.stringContaining(problem) });
  });

  test('cannot be read if NEURONPEDIA_STATE_DIR is a file', async ({ home }) => {
    const env = { NEURONPEDIA_STATE_DIR: home.file('state-file', 'x') };
    const ran = await home.run(['status', '--sandbox'], { env });
    expect(ran).toMatchObject({ code: 12, stderr: expect.stringContaining('NEURONPEDIA_STATE_DIR') });
  });

  test('is not kept for an upload that the server refused as a whole', async ({ home, server }) => {
    const env = { NEURONPEDIA_API_KEY: 'sandbox-readonly', NEURONPEDIA_API_URL: server.url };
    expect(await home.run(sae('refused', '--features', '0-9'), { env })).toMatchObject({ code: 4 });
    const file = fixture('vectors/woman-minus-man-64-f32.npy');
    const vector = ['upload-vector', file, '--model', 'tiny-kjv-4l', '--layer', '1', '--name', 'Refused'];
    // The journal of this one had already been begun.
    expect(await home.run(vector, { env })).toMatchObject({ code: 4 });
    expect(documentsOf(await home.run(['status', '--json'], { env }))[0].jobs).toEqual([]);
  });

  test('of an interrupted deletion says how to continue or undo it', async ({ home, server }) => {
    const ran = await home.runAt(server.url, [...sae('half', '--features', '0-9'), '--json']);
    const [{ job }] = documentsOf(ran).at(-1).jobs;
    const journal = await openJournal(join(home.state, 'jobs', `${job}.journal`));
    await journal.append({ t: 'deleted', rows: [[4, 6]] }, { t: 'deleting', rows: [[0, 4]] });
    await journal.close();
    const listed = await home.runAt(server.url, ['status']);
    expect(listed.stdout).toContain(`  ${job}  interrupted  40 %  4/10 rows, 4 without an answer, 2 deleted`);
    expect(listed.stdout).toContain(
      '    a deletion of 4 of its rows was interrupted\n    to keep or restore them: neuronpedia upload-sae',
    );
    expect(listed.stdout).toContain(`    to delete all of the job: neuronpedia delete --job ${job}\n`);
    expect(await home.runAt(server.url, ['delete', '--job', job, '--yes'])).toMatchObject({ code: 0 });
    expect((await home.runAt(server.url, ['status'])).stdout).toContain(`  ${job}  deleted`);
  });
});

test('a job of a vector is also found by the name of the vector', async ({ home }) => {
  const file = fixture('vectors/woman-minus-man-64-f32.npy');
  const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--sandbox'];
  await home.run(['upload-vector', file, ...place, '--name', 'Kings and queens']);
  const shown = await home.run(['status', 'Kings and queens', '--sandbox']);
  expect(shown).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1/1 rows  Kings and queens (tiny-kjv-4l, layer 1)'),
  });
  expect(await home.run(['status', 'Kings', '--sandbox'])).toMatchObject({ code: 6 });
  await home.run(['upload-vector', file, ...place, '--name', 'Joy (old)']);
  expect(await home.run(['status', 'Joy', '--sandbox'])).toMatchObject({ code: 6 });
  // If a name is also the first digits of another job's id, there is no guess at which is meant.
  const [{ id }] = documentsOf(await home.run(['status', '--sandbox', '--json']))[0].jobs;
  await home.run(['upload-vector', file, ...place, '--name', id.slice(0, 3)]);
  const either = await home.run(['delete', '--job', id.slice(0, 3), '--yes', '--sandbox']);
  expect(either).toMatchObject({ code: 2, stderr: expect.stringContaining('matches 2 jobs') });
});

test('of two jobs of one source, status picks the one whose server is named', async ({ home, server }) => {
  const env = { NEURONPEDIA_API_KEY: 'sandbox-bulk', NEURONPEDIA_API_URL: server.url };
  await home.run([...sae('twice', '--features', '0-9'), '--sandbox']);
  const { stdout } = await home.run(sae('twice', '--features', '0-19'), { env });
  const source = 'tiny-kjv-4l/1-twice';
  const planned = async (...words: string[]) =>
    documentsOf(await home.run(['status', ...words, '--json'], { env }))[0].planned;
  expect(await planned(stdout.trim())).toBe(20);
  expect(await planned(source, '--api-url', server.url)).toBe(20);
  expect(await planned(source, '--sandbox')).toBe(10);
  const either = await home.run(['status', source], { env });
  expect(either).toMatchObject({ code: 2, stderr: expect.stringContaining('name one by its id') });
});
