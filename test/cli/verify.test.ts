import { copyFileSync, cpSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { loadDriver } from '../../src/sandbox/store/driver.ts';
import { fixture, tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { documentsOf, type Json, linesOf } from './run-cli.ts';

/** Changes a store behind its server's back. */
function spoil(data: string, ...statements: string[]): void {
  const db = new (loadDriver())(join(data, 'sandbox.db'), { timeout: 5_000 });
  try {
    db.exec('PRAGMA foreign_keys = ON');
    for (const sql of statements) {
      expect(db.prepare(`${sql} RETURNING 1 AS done`).all([]).length, sql).toBeGreaterThan(0);
    }
  } finally {
    db.close();
  }
}

const ofRow = (index: number) => `(SELECT id FROM features WHERE idx = ${index})`;
const twice = (index: number) =>
  `INSERT INTO activations(feature_id, tokens, "values", creator, created_at)
   SELECT feature_id, tokens, "values", creator, created_at FROM activations WHERE feature_id = ${ofRow(index)}`;
const rowsOf = (receipt: string) => linesOf(readFileSync(receipt, 'utf8')).slice(1);

/** Uploads the tiny SAE from a folder of its own, with examples and metadata; returns its job and its receipt. */
async function upload(home: Home, url: string): Promise<{ job: string; receipt: string }> {
  cpSync(tinySae, join(home.folder, 'sae'), { recursive: true });
  copyFileSync(fixture('feature-data/facts.jsonl'), join(home.folder, 'facts.jsonl'));
  const files = ['--activations', 'sae/activations.jsonl', '--feature-metadata', 'facts.jsonl'];
  const about = ['--description', 'about it', '--tag', 'x', '--metadata', 'l0=5', '--receipt', 'receipt.jsonl'];
  const ran = await home.runAt(url, ['upload-sae', 'sae', '--sae-id', 'told', ...files, ...about, '--json'], {
    cwd: home.folder,
  });
  expect(ran.code, ran.stderr).toBe(0);
  return { job: documentsOf(ran).at(-1).jobs[0].job, receipt: join(home.folder, 'receipt.jsonl') };
}

describe.concurrent('status JOB --verify', () => {
  test('compares every field of every row with the files, and names what differs', async ({ home }) => {
    const server = await home.sandbox();
    const { job, receipt } = await upload(home, server.url);
    // Run from another folder than the upload: the job knows where its files are.
    const env = { NEURONPEDIA_API_KEY: 'sandbox-bulk', NEURONPEDIA_API_URL: server.url };
    const verify = (...more: string[]) => home.run(['status', job, '--verify', ...more, '--json'], { env });
    const later = join(home.folder, 'later.jsonl');
    const clean = await verify('--verify-rows', '100', '--receipt', later);
    expect(clean.code, clean.stderr).toBe(0);
    const [{ verify: said }] = documentsOf(clean);
    expect(said).toMatchObject({ compared: 100, rows: 512, every: false, basis: 'files', different: 0 });
    expect(said.chanceToNoticeOnePercent).toBeCloseTo(0.7304, 3);
    expect(rowsOf(later)).toEqual(rowsOf(receipt));
    spoil(
      server.data,
      `UPDATE features SET vector = zeroblob(256) WHERE idx = 3`,
      `UPDATE features SET details = json_set(details, '$.name', 'another') WHERE idx = 9`,
      twice(11),
      `DELETE FROM features WHERE idx = 20`,
    );
    const spoilt = await verify('--verify-rows', 'all');
    const [error] = documentsOf(spoilt);
    expect([spoilt.code, error.code]).toEqual([7, 'difference']);
    expect(error.details).toMatchObject({ compared: 512, rows: 512, every: true, different: 4 });
    expect(error.details.differences.map(({ row, id, field }: Json) => [row, id, field])).toEqual([
      [3, 'tiny-kjv-4l/1-told/3', 'vector[0]'],
      [9, 'tiny-kjv-4l/1-told/9', 'name'],
      [11, 'tiny-kjv-4l/1-told/11', 'activations'],
      [20, 'tiny-kjv-4l/1-told/20', 'row'],
    ]);
    const facts = join(home.folder, 'facts.jsonl');
    writeFileSync(facts, readFileSync(facts, 'utf8').replace("raises 'mult'", 'raises another'));
    expect(await verify()).toMatchObject({ code: 12 });
    renameSync(join(home.folder, 'sae'), join(home.folder, 'elsewhere'));
    const gone = await home.run(['status', job, '--verify'], { env });
    expect([gone.code, gone.stderr]).toEqual([
      7,
      expect.stringContaining('only the presence of its rows is checked, not their contents'),
    ]);
    expect(gone.stdout).toContain('512 of 512 rows looked for: 1 differ');
  });

  test('compares only what the public server keeps, and finds what was stored twice', async ({ home }) => {
    const server = await home.sandbox({ args: ['--public'] });
    const { job, receipt } = await upload(home, server.url);
    const env = { NEURONPEDIA_API_KEY: 'sandbox-bulk' };
    const later = join(home.folder, 'later.jsonl');
    const clean = await home.run(['status', job, '--verify', '--receipt', later], { env });
    expect([clean.code, clean.stderr]).toEqual([0, expect.any(String)]);
    expect(clean.stdout).toMatch(/verify {3}([\d,]+) of \1 rows read back: all of them as they were sent/);
    expect(rowsOf(later)).toEqual(rowsOf(receipt));
    spoil(server.data, twice(11));
    const spoilt = await home.run(['status', job, '--verify'], { env });
    expect(spoilt.code).toBe(7);
    expect(spoilt.stdout).toMatch(/row 11 {2}tiny-kjv-4l\/1-told\/11 {2}activations: sent 1 × .*, found 2 ×/);
  });

  test('compares vectors, and activations that were sent on their own', async ({ home }) => {
    const server = await home.sandbox({ args: ['--public'] });
    const texts = home.file('texts.jsonl', '{"tokens":["a"],"values":[0.30000000000000004]}\n');
    const vector = fixture('vectors/woman-minus-man-64-f32.npy');
    const made = await home.runAt(server.url, [
      ...['upload-vector', vector, '--model', 'tiny-kjv-4l', '--layer', '1', '--name', 'w', '--activations', texts],
    ]);
    expect(made.code, made.stderr).toBe(0);
    const env = { NEURONPEDIA_API_KEY: 'sandbox-bulk', NEURONPEDIA_API_URL: server.url };
    const jobs = documentsOf(await home.run(['status', '--json'], { env }))[0].jobs;
    expect(jobs.map(({ as }: Json) => as)).toEqual(['vector', 'activations']);
    expect(await home.run(['status', jobs[1].id, '--verify'], { env })).toMatchObject({ code: 0 });
    spoil(server.data, `UPDATE features SET label = 'v' WHERE label = 'w'`, 'DELETE FROM activations');
    for (const [i, field] of ['vectorLabel: sent "w", found "v"', 'activations: sent'].entries()) {
      const ran = await home.run(['status', jobs[i].id, '--verify'], { env });
      expect([ran.code, ran.stdout]).toEqual([7, expect.stringContaining(field)]);
    }
  });

  test('exits with 2 for a feature', async ({ home }) => {
    expect(await home.run(['status', 'm/1-s/2', '--verify'])).toMatchObject({ code: 2 });
  });
});
