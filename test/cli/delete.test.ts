import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { encodeRecord } from '../../src/upload/journal-records.ts';
import { takeLock } from '../../src/upload/lock.ts';
import { startFaultProxy } from '../upload/fault-proxy.ts';
import { openCommands } from './commands-here.ts';
import { expectFailure, expectJsonFailure } from './failures.ts';
import { fixture, hexOf, npyFile, rowsOf, tinySae } from './fixtures.ts';
import { type Home, testHere as test } from './home.ts';
import { documentsOf, type Json, type Ran } from './run-cli.ts';
import { everythingIn, queryStore, storedFeatures } from './sandbox-process.ts';
import { serveThrough, uploadedIndices } from './web-server.ts';

const decoder = () => rowsOf(join(tinySae, 'sae_weights.safetensors'), 'W_dec');
const vectorFile = fixture('vectors/random-768-f32.npy');
const toVector = ['upload-vector', vectorFile, '--model', 'gpt2-small', '--layer', '6', '--name', 'mine'];

const upload = (set: string, features: string) => ['upload-sae', tinySae, '--sae-id', set, '--features', features];
const id = (set: string, index: number) => `tiny-kjv-4l/1-${set}/${index}`;
/** Skips the wait for requests under way: none are. */
const atOnce = ['--settle-timeout', '0'];
const summaryOf = (ran: Ran): Json => documentsOf(ran).at(-1);

async function jobsOf(home: Home, url: string): Promise<Json[]> {
  return documentsOf(await home.runAt(url, ['status', '--json']))[0].jobs;
}

const indicesIn = (data: string, set: string) => storedFeatures(data, `1-${set}`).map(({ index }) => index);

function journalOf(home: Home): string {
  const folder = join(home.state, 'jobs');
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.journal')) as string);
}

describe.concurrent('delete ID…', () => {
  test('deletes rows and records this; the same upload then resends only these, once, under new keys', async ({
    home,
  }) => {
    const server = await home.sandbox();
    const proxy = home.own(await serveThrough(server.url));
    expect((await home.runAt(proxy.url, upload('ids', '0-9'))).code).toBe(0);
    const keys = () => queryStore(server.data, 'SELECT key FROM idempotency').map(({ key }) => key as string);
    const before = keys();
    const words = ['delete', id('ids', 3), `https://www.neuronpedia.org/${id('ids', 7)}`, id('ids', 99), '--yes'];
    const ran = await home.runAt(proxy.url, words);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toBe(`${proxy.url}/${id('ids', 3)}\n${proxy.url}/${id('ids', 7)}\n`);
    expect(ran.stderr).toMatch(/1 row not on the server: .*\/99/);
    expect(indicesIn(server.data, 'ids')).toEqual([0, 1, 2, 4, 5, 6, 8, 9]);
    expect(await jobsOf(home, proxy.url)).toMatchObject([{ state: 'done', planned: 10, confirmed: 8, deleted: 2 }]);

    proxy.seen.length = 0;
    const again = await home.runAt(proxy.url, [...upload('ids', '0-9'), '--json']);
    expect(summaryOf(again).jobs).toMatchObject([{ status: 'done', confirmed: 10, sent: 2 }]);
    expect(uploadedIndices(proxy.seen)).toEqual([3, 7]);
    const stored = storedFeatures(server.data, '1-ids');
    expect(stored.map(({ vector }) => vector)).toEqual((await decoder()).slice(0, 10));
    expect(keys().filter((key) => before.includes(key))).toEqual([]);
    expect(await jobsOf(home, proxy.url)).toMatchObject([{ state: 'done', confirmed: 10, deleted: 0 }]);
  });

  for (const kind of ['upload-protocol', 'public'] as const) {
    test(`deletes nothing if one of the rows is someone else's, on a server of kind ${kind}`, async ({ home }) => {
      const server = await home.sandbox({ args: kind === 'public' ? ['--public'] : [] });
      const mine = (await home.runAt(server.url, toVector)).stdout.trim();
      const theirs = { env: { NEURONPEDIA_API_KEY: 'sandbox-research' } };
      const other = (await home.runAt(server.url, [...toVector, '--name', 'theirs'], theirs)).stdout.trim();
      const before = everythingIn(server.data);
      const ran = await home.runAt(server.url, ['delete', mine, other, '--yes', '--json']);
      expect(ran.code).toBe(10);
      const refused = [{ id: other.replace(`${server.url}/`, ''), why: 'belongs to user_research' }];
      expect(documentsOf(ran)).toMatchObject([
        { type: 'summary', status: 'refused', deleted: [], refused, exitCode: 10 },
      ]);
      expect(ran.stderr).toMatch(/nothing was deleted/);
      expect(everythingIn(server.data)).toEqual(before);

      // On its own the row can be deleted, and the same upload makes a new one.
      expect((await home.runAt(server.url, ['delete', mine, '--yes'])).code).toBe(0);
      expect(storedFeatures(server.data).map(({ label }) => label)).toEqual(['theirs']);
      const again = await home.runAt(server.url, toVector);
      expect(again.stdout.trim()).not.toBe(mine);
      expect(
        storedFeatures(server.data)
          .map(({ label }) => label)
          .sort(),
      ).toEqual(['mine', 'theirs']);
    });
  }

  test('requires --yes without a terminal before contacting a server, but not for a dry run', async ({ home }) => {
    const server = await home.sandbox();
    expect((await home.runAt(server.url, upload('asked', '0-1'))).code).toBe(0);
    const nowhere = await home.runAt('http://127.0.0.1:9', ['delete', id('asked', 0)]);
    expectFailure(nowhere, 2);
    expect(nowhere.stderr).toMatch(/--yes/);
    const dry = await home.runAt(server.url, ['delete', id('asked', 0), '--dry-run', '--json']);
    expect(documentsOf(dry)).toMatchObject([
      { type: 'summary', status: 'dry-run', toDelete: [id('asked', 0)], deleted: [] },
    ]);
    expect(indicesIn(server.data, 'asked')).toEqual([0, 1]);
    for (const words of [['delete'], ['delete', id('asked', 0), '--job', '0123456789abcdef'], ['delete', 'tiny/1-x']]) {
      expectFailure(await home.runAt(server.url, [...words, '--yes']), 2);
    }
  });

  test('pauses on a 429 and says when it may continue', async () => {
    const later = {
      kind: 'answer',
      commit: false,
      status: 429,
      headers: { 'retry-after': '500' },
      body: '{}',
    } as const;
    const { run } = await openCommands(({ path }) => (path === '/api/vector/delete' ? later : undefined));
    expect(await run(upload('later', '0-3'))).toMatchObject({ code: 0 });
    const ran = await run(['delete', id('later', 1), '--yes']);
    expect(ran.code).toBe(8);
    expect(summaryOf(ran)).toMatchObject({ status: 'paused', resume_at: expect.stringMatching(/^\d{4}-.*Z$/) });
  });
});

describe.concurrent('delete --job', () => {
  test('deletes what the job sent, after which other data can take its place', async ({ home }) => {
    const server = await home.sandbox();
    expect((await home.runAt(server.url, upload('wrong', '0-199'))).code).toBe(0);
    const [{ id: job }] = await jobsOf(home, server.url);
    const ran = await home.runAt(server.url, ['delete', '--job', job, '--yes', '--json']);
    expect(ran.code).toBe(0);
    expect(summaryOf(ran)).toMatchObject({ status: 'done', job, foundBefore: 0, left: [], refused: [] });
    expect(summaryOf(ran).deleted).toHaveLength(200);
    expect(indicesIn(server.data, 'wrong')).toEqual([]);
    expect(await jobsOf(home, server.url)).toMatchObject([{ id: job, state: 'deleted', confirmed: 0, deleted: 200 }]);
    // Deleting once more does no harm.
    expect((await home.runAt(server.url, ['delete', '--job', job.slice(0, 6), '--yes'])).code).toBe(0);

    const right = home.file(
      'right.npy',
      npyFile([20, 64], (position) => Math.fround(position / 7)),
    );
    const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--orientation', 'rows', '--sae-id', 'wrong'];
    expect((await home.runAt(server.url, ['upload-sae', right, ...place])).code).toBe(0);
    const vectors = storedFeatures(server.data, '1-wrong').map(({ vector }) => vector);
    const expected = Array.from({ length: 20 }, (_, row) =>
      hexOf(Array.from({ length: 64 }, (_each, i) => (row * 64 + i) / 7)),
    );
    expect(vectors).toEqual(expected);
    expect(await jobsOf(home, server.url)).toMatchObject([{ id: job, state: 'done' }]);
  });

  test('contacts the server that the job belongs to if no other is named', async ({ home, server }) => {
    const env = { NEURONPEDIA_API_KEY: 'sandbox-bulk' };
    await home.runAt(server.url, ['upload-sae', tinySae, '--sae-id', 'own-server', '--features', '0-9']);
    const command = ['delete', '--job', 'tiny-kjv-4l/1-own-server', '--json'];
    const ran = await home.run([...command, '--dry-run'], { env });
    expect(documentsOf(ran).at(-1)).toMatchObject({ type: 'summary', status: 'dry-run' });
    expect(documentsOf(await home.run([...command, '--yes'], { env })).at(-1)).toMatchObject({
      status: 'done',
      left: [],
    });
    expect(storedFeatures(server.data, '1-own-server')).toEqual([]);
  });

  test('does not find a job by an address on another host', async ({ home, server }) => {
    await home.runAt(server.url, ['upload-sae', tinySae, '--sae-id', 'here', '--features', '0-9']);
    for (const host of ['https://www.neuronpedia.org', 'www.neuronpedia.org']) {
      const ran = await home.runAt(server.url, ['delete', '--job', `${host}/tiny-kjv-4l/1-here`, '--yes']);
      expect(ran).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`nothing was uploaded from here to ${host}`),
      });
    }
    expect(storedFeatures(server.data, '1-here')).toHaveLength(10);
  });

  test('waits for rows sent without an answer, and deletes those that arrive meanwhile', async () => {
    let late: (() => Promise<void>) | undefined;
    let looks = 0;
    const { run, state, query, change } = await openCommands(async ({ path }) => {
      // A late request of the upload arrives between the first look and the second.
      if (path === '/api/features' && late && ++looks === 2) await late();
      return undefined;
    });
    expect(await run(upload('open', '0-3'))).toMatchObject({ code: 0 });
    const [{ jobs }] = documentsOf(await run(['status'])) as [{ jobs: { id: string }[] }];
    const job = jobs[0]?.id as string;
    const intent = { t: 'intent', batch: 9, key: 'k', rows: [[4, 6]], hash: 'h', bytes: 1 } as const;
    const journal = join(state, 'jobs', `${job}.journal`);
    appendFileSync(journal, encodeRecord({ t: 'plan', rows: [[0, 6]] }) + encodeRecord(intent as never));
    late = async () => change('UPDATE features SET idx = 5 WHERE idx = 3');
    const ran = await run(['delete', '--job', job, '--yes', '--settle-timeout', '1ms']);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('for 2 rows sent without an answer') });
    expect(query('SELECT 1 FROM features')).toEqual([]);
    expect(documentsOf(await run(['status']))[0].jobs).toMatchObject([{ state: 'deleted', unknown: 0 }]);
  });

  test('forgets a job that stored nothing', async ({ home }) => {
    const env = { NEURONPEDIA_SANDBOX_TIER: 'free' };
    const many = home.file('many.npy', npyFile([1000, 64], Math.sin));
    const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--orientation', 'rows', '--sandbox'];
    expect(await home.run(['upload-sae', many, ...place, '--sae-id', 'first'], { env })).toMatchObject({ code: 0 });
    expect(await home.run(['upload-sae', many, ...place, '--sae-id', 'none'], { env })).toMatchObject({ code: 8 });
    const jobs = async () => documentsOf(await home.run(['status', '--sandbox', '--json']))[0].jobs as Json[];
    expect((await jobs()).map(({ state }) => state).sort()).toEqual(['done', 'paused']);
    const ran = await home.run(['delete', '--job', 'tiny-kjv-4l/1-none', '--sandbox', '--yes']);
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining('it is forgotten') });
    expect((await jobs()).map(({ state }) => state)).toEqual(['done']);
  });

  test('reports a row as unknown after a 504 from a gateway, and deletes the others', async () => {
    const body = '<html>gateway</html>';
    const headers = { 'content-type': 'text/html' };
    const gateway = { kind: 'answer', commit: false, status: 504, headers, body } as const;
    const { run, query } = await openCommands(({ path, body }) =>
      path === '/api/vector/delete' && body.includes('"index":"1"') ? gateway : undefined,
    );
    expect(await run(upload('gateway', '0-5'))).toMatchObject({ code: 0 });
    const [{ jobs: before }] = documentsOf(await run(['status'])) as [{ jobs: { id: string }[] }];
    const ran = await run(['delete', '--job', before[0]?.id as string, '--yes']);
    expect(ran.code).toBe(9);
    expect(summaryOf(ran)).toMatchObject({ unknown: [id('gateway', 1)], deleted: { length: 5 }, refused: [] });
    expect(ran.stderr).toMatch(/unknown whether 1 row was deleted: \S+ \(.*504/);
    const { jobs } = documentsOf(await run(['status']))[0];
    expect(jobs).toMatchObject([{ state: 'interrupted', unknown: 1 }]);
    expect(query('SELECT idx FROM features')).toEqual([{ idx: 1 }]);
  });

  test('accepts the URL that upload-vector printed, but not on another host', async ({ home, server }) => {
    const vector = fixture('vectors/random-768-f32.npy');
    const about = ['--model', 'gpt2-small', '--layer', '6', '--name', 'By its URL'];
    const { stdout } = await home.runAt(server.url, ['upload-vector', vector, ...about]);
    const words = ['delete', '--job', stdout.trim(), '--yes'];
    const elsewhere = stdout.trim().replace(server.url, 'https://www.neuronpedia.org');
    expectFailure(await home.runAt(server.url, ['delete', '--job', elsewhere, '--yes']), 2);
    expect(await home.runAt(server.url, words)).toMatchObject({ code: 0 });
    expect(await jobsOf(home, server.url)).toMatchObject([{ state: 'deleted' }]);
  });

  test('deletes a job in the embedded sandbox even without --sandbox', async ({ home }) => {
    await home.run(['upload-sae', tinySae, '--sae-id', 'embedded', '--features', '0-9', '--sandbox']);
    const ran = await home.run(['delete', '--job', 'tiny-kjv-4l/1-embedded', '--yes', '--json']);
    expect(documentsOf(ran).at(-1)).toMatchObject({ type: 'summary', status: 'done', left: [] });
    expect(storedFeatures(home.sandboxData, '1-embedded')).toEqual([]);
  });

  test('keeps rows that were there before the upload, unless --include-found is given', async ({ home }) => {
    const server = await home.sandbox();
    expect((await home.runAt(server.url, upload('found', '0-4'))).code).toBe(0);
    const elsewhere = { env: { NEURONPEDIA_STATE_DIR: join(home.folder, 'elsewhere') } };
    expect((await home.runAt(server.url, upload('found', '0-9'), elsewhere)).code).toBe(0);
    const { jobs } = documentsOf(await home.runAt(server.url, ['status', '--json'], elsewhere))[0];
    const words = ['delete', '--job', jobs[0].id, '--yes'];
    const ran = await home.runAt(server.url, words, elsewhere);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/5 rows that were there before .*--include-found/);
    expect(indicesIn(server.data, 'found')).toEqual([0, 1, 2, 3, 4]);
    expect((await home.runAt(server.url, [...words, '--include-found'], elsewhere)).code).toBe(0);
    expect(indicesIn(server.data, 'found')).toEqual([]);
  });

  test('resumes after lost answers; the upload then stores every row once', async ({ home }) => {
    const server = await home.sandbox();
    expect((await home.runAt(server.url, upload('cut', '0-9'))).code).toBe(0);
    let away = false;
    const proxy = home.own(
      await startFaultProxy(server.url, ({ path }, nth) => {
        if (path === '/api/vector/delete' && nth === 2) return { kind: 'reset-after' };
        if (path === '/api/vector/delete' && nth === 6) away = true;
        return away ? { kind: 'reset-before' } : undefined;
      }),
    );
    const [{ id: job }] = await jobsOf(home, server.url);
    const words = ['delete', '--job', job, '--yes', '--json'];
    const first = await home.runAt(proxy.url, words);
    expect(first.code).toBe(9);
    expect(summaryOf(first)).toMatchObject({ status: 'unknown', deleted: [], exitCode: 9 });
    expect(summaryOf(first).unknown.length).toBeGreaterThan(5);
    expect(indicesIn(server.data, 'cut').length).toBeLessThan(10);
    expect(await jobsOf(home, server.url)).toMatchObject([{ state: 'interrupted', confirmed: 0, unknown: 10 }]);

    const journal = readFileSync(journalOf(home));
    const second = await home.runAt(server.url, words);
    expect(second.code).toBe(0);
    expect(indicesIn(server.data, 'cut')).toEqual([]);
    expect((await home.runAt(server.url, upload('cut', '0-9'))).code).toBe(0);
    expect(storedFeatures(server.data, '1-cut').map(({ vector }) => vector)).toEqual((await decoder()).slice(0, 10));

    // Uploading instead of deleting again: rows still there are found, and none is taken for sent.
    expect((await home.runAt(server.url, ['delete', id('cut', 2), id('cut', 5), '--yes'])).code).toBe(0);
    writeFileSync(journalOf(home), journal);
    const third = await home.runAt(server.url, [...upload('cut', '0-9'), ...atOnce, '--json']);
    expect(summaryOf(third).jobs).toMatchObject([{ status: 'done', confirmed: 10, sent: 2 }]);
    expect(indicesIn(server.data, 'cut')).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('that had only begun has deleted nothing: the upload finds every row', async ({ home }) => {
    const server = await home.sandbox();
    expect((await home.runAt(server.url, upload('begun', '0-9'))).code).toBe(0);
    const before = everythingIn(server.data);
    appendFileSync(journalOf(home), encodeRecord({ t: 'deleting', rows: [[0, 10]] }));
    const again = await home.runAt(server.url, [...upload('begun', '0-9'), ...atOnce, '--json']);
    expect(summaryOf(again).jobs).toMatchObject([{ status: 'done', confirmed: 10, sent: 0 }]);
    expect(everythingIn(server.data)).toEqual(before);
  });

  test('is refused for a job that is locked, unknown, or of another server or account', async ({ home, server }) => {
    expect((await home.runAt(server.url, upload('held', '0-1'))).code).toBe(0);
    const [{ id: job }] = await jobsOf(home, server.url);
    const words = ['delete', '--job', job, '--yes', '--json'];
    const lock = await takeLock(join(home.state, 'jobs', `${job}.lock`));
    const held = await Promise.all([
      home.runAt(server.url, words),
      home.runAt(server.url, ['delete', id('held', 0), '--yes', '--json']),
    ]);
    for (const ran of held) expectJsonFailure(ran, 11);
    await lock.release();
    const other = await home.run([...words, '--sandbox']);
    expectJsonFailure(other, 12);
    const research = { env: { NEURONPEDIA_API_KEY: 'sandbox-research' } };
    expectJsonFailure(await home.runAt(server.url, words, research), 12);
    for (const none of ['0123456789abcdef', '../../etc/passwd']) {
      expectJsonFailure(await home.runAt(server.url, ['delete', '--job', none, '--yes', '--json']), 6);
    }
    expect(indicesIn(server.data, 'held')).toEqual([0, 1]);
  });

  test('on a public server deletes features with their examples, and a vector with its texts', async ({ home }) => {
    const server = await home.sandbox({ args: ['--public'] });
    const examples = ['--activations', join(tinySae, 'activations.jsonl')];
    expect((await home.runAt(server.url, [...upload('public', '0-9,252'), ...examples])).code).toBe(0);
    const texts = home.file('texts.jsonl', '{"tokens":["a"],"values":[1]}\n');
    const vector = await home.runAt(server.url, [...toVector, '--activations', texts]);
    expect(vector.code).toBe(0);
    const activations = () => queryStore(server.data, 'SELECT count(*) AS n FROM activations')[0].n as number;
    const jobs = await jobsOf(home, server.url);
    expect(jobs.map(({ as }) => as).sort()).toEqual(['activations', 'features', 'vector']);
    expect(activations()).toBeGreaterThan(2);
    const idOf = (as: string) => jobs.find((job) => job.as === as).id as string;
    expectFailure(await home.runAt(server.url, ['delete', '--job', idOf('activations'), '--yes']), 2);
    for (const as of ['features', 'vector']) {
      expect((await home.runAt(server.url, ['delete', '--job', idOf(as), '--yes'])).code).toBe(0);
    }
    expect(storedFeatures(server.data)).toEqual([]);
    expect(activations()).toBe(0);
    expect((await jobsOf(home, server.url)).map(({ state }) => state)).toEqual(['deleted', 'deleted', 'deleted']);
    expect((await home.runAt(server.url, [...toVector, '--activations', texts])).code).toBe(0);
    expect(activations()).toBe(1);
  });
});
