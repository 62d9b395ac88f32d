import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { startSandbox } from '../../src/sandbox/index.ts';
import { npyFile, tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { runHere } from './in-process.ts';
import { documentsOf } from './run-cli.ts';

async function at(home: Home) {
  const { url } = home.own(await startSandbox({ dataDir: join(home.folder, 'server') }));
  const env = { ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk' };
  return (...words: string[]) => runHere([...words, '--api-url', url], { env });
}

const part = (features: string) => ['upload-sae', tinySae, '--sae-id', 'more', '--features', features];

describe('a job that more than one command is about', () => {
  test('is done again, with the added rows, and shows the latest command', async ({ home }) => {
    const run = await at(home);
    expect((await run(...part('0-7'))).code).toBe(0);
    expect((await run(...part('0-15'))).code).toBe(0);
    const [{ jobs }] = documentsOf(await run('status', '--json')) as [{ jobs: object[] }];
    expect(jobs).toMatchObject([{ state: 'done', planned: 16, confirmed: 16 }]);
    expect(jobs).toMatchObject([{ command: expect.stringContaining('--features 0-15') }]);
  });

  test('keeps the command that plans all rows after one that only repeats a part of them', async ({ home }) => {
    const run = await at(home);
    expect((await run(...part('0-15'))).code).toBe(0);
    expect((await run(...part('4-7'))).code).toBe(0);
    const [{ jobs }] = documentsOf(await run('status', '--json')) as [{ jobs: { id: string }[] }];
    expect(jobs).toMatchObject([{ command: expect.stringContaining('--features 0-15') }]);
    const [{ verify }] = documentsOf(await run('status', jobs[0]?.id ?? '', '--verify', '--json')) as [
      { verify: object },
    ];
    expect(verify).toMatchObject({ compared: 16, rows: 16, different: 0 });
    expect((await run(...part('8-19'))).code).toBe(0);
    const [after] = documentsOf(await run('status', '--json')) as [{ jobs: object[] }];
    expect(after.jobs).toMatchObject([{ command: expect.stringContaining('--features 8-19') }]);
  });

  test('is not tied to the files of a command that was refused', async ({ home }) => {
    const run = await at(home);
    const [a, b] = ['a.npy', 'b.npy'].map((name, i) =>
      home.file(
        name,
        npyFile([4, 64], (n) => Math.sin(n + i)),
      ),
    ) as [string, string];
    const upload = (file: string) =>
      run('upload-sae', file, '--model', 'tiny-kjv-4l', '--layer', '1', '--orientation', 'rows', '--sae-id', 'bound');
    expect((await upload(a)).code).toBe(0);
    expect((await upload(b)).code).toBe(12);
    const [{ jobs }] = documentsOf(await run('status', '--json')) as [{ jobs: { id: string }[] }];
    expect((await run('status', jobs[0]?.id ?? '', '--verify')).code).toBe(0);
  });
});

test('a job whose command named heads and layers can be verified against its files', async ({ home }) => {
  const run = await at(home);
  const file = home.file('head.npy', npyFile([4, 64], Math.cos));
  const head = ['--kind', 'crosscoder', '--head', '0=tiny-kjv-4l:1', '--layers', '1', '--orientation', 'rows'];
  expect((await run('upload-sae', file, ...head, '--sae-id', 'heads')).code).toBe(0);
  const [{ jobs }] = documentsOf(await run('status', '--json')) as [{ jobs: { id: string }[] }];
  const ran = await run('status', jobs[0]?.id ?? '', '--verify', '--json');
  expect(documentsOf(ran)).toMatchObject([{ verify: { compared: 4, rows: 4, different: 0, basis: 'files' } }]);
});
