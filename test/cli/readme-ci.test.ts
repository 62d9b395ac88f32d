import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { some } from '../some.ts';
import { npyFile, tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { codeBlocks, runBash, scriptsIn } from './readme-blocks.ts';
import { storedFeatures } from './sandbox-process.ts';

const [github, matrix, kubernetes] = codeBlocks('yaml') as [string, string, string];
const slurm = codeBlocks('sh').find((block) => block.includes('SLURM_ARRAY_TASK_ID')) as string;

/** Starts a sandbox in this process whose clock the test sets, so that a day passes at once. */
async function serveOn(home: Home, now: () => Date): Promise<Sandbox> {
  return home.own(await startSandbox({ dataDir: join(home.folder, 'server'), tier: 'free', now }));
}

/** Runs one script in the folder `work` with the variables that the CI engine would set. */
async function runJob(home: Home, url: string, script: string, env: Record<string, string> = {}) {
  const server = { NEURONPEDIA_API_URL: url, NEURONPEDIA_API_KEY: env.KEY ?? 'sandbox-bulk' };
  return runBash(script, { cwd: join(home.folder, 'work'), env: { ...home.env, ...server, ...env } });
}

/**
 * Makes stand-ins for the tools of a runner and returns their folder: `npm`, and as a trainer a `python` that copies a
 * ready-made SAE of `rows` rows, which may be more than a free account can upload in a day.
 */
function makeTrainer(home: Home, rows: number): string {
  const bin = join(home.folder, 'bin');
  const made = join(home.folder, 'trained');
  mkdirSync(bin);
  mkdirSync(join(home.folder, 'work', 'neuronpedia-cli'), { recursive: true });
  mkdirSync(made);
  writeFileSync(join(bin, 'npm'), '#!/bin/sh\necho npm "$@"\n', { mode: 0o755 });
  writeFileSync(
    join(made, 'W_dec.npy'),
    npyFile([rows, 64], (i) => Math.sin(i)),
  );
  writeFileSync(join(bin, 'python'), `#!/bin/sh\n[ "$2" = --out ] && cp -r '${made}' "$3" && echo trained\n`, {
    mode: 0o755,
  });
  return bin;
}

describe.concurrent('CI examples in the README', () => {
  test('upload up to the quota on GitHub and resume the next day, even if the cache is lost', async ({ home }) => {
    let day = 22;
    const server = await serveOn(home, () => new Date(`2026-11-${day}T00:10:00Z`));
    const bin = makeTrainer(home, 2100);
    const [install, train, upload, ...more] = scriptsIn(github) as [string, string, string];
    expect(more).toEqual([]);
    // Unlike a trainer's folder, a decoder alone does not say where it belongs.
    const place = '--model tiny-kjv-4l --layer 1 --hook resid-post --orientation rows';
    const placed = upload.replace('upload-sae sae ', `upload-sae sae/W_dec.npy ${place} `);
    expect(placed).not.toBe(upload);
    const env = { KEY: 'sandbox-free', BIN: bin };
    expect(await runJob(home, server.url, install, env)).toMatchObject({ code: 0, stdout: 'npm ci\nnpm link\n' });
    const today = async () => {
      const trained = await runJob(home, server.url, train, env);
      expect(trained.code, trained.stderr).toBe(0);
      return runJob(home, server.url, placed, env);
    };
    const first = await today();
    expect([first.code, first.stdout]).toEqual([0, '::notice::paused; goes on after 2026-11-23T00:00:00.000Z\n']);
    expect(storedFeatures(join(home.folder, 'server'))).toHaveLength(1000);
    day = 23;
    rmSync(home.state, { recursive: true });
    expect((await today()).stdout).toBe('::notice::paused; goes on after 2026-11-24T00:00:00.000Z\n');
    day = 24;
    expect((await today()).stdout).toBe('::notice::uploaded: 2100 features\n');
    expect(storedFeatures(join(home.folder, 'server'))).toHaveLength(2100);
    // A permanent error must still fail the job.
    const wrong = await runJob(home, server.url, placed.replace('--layer 1', '--layer 99'), env);
    expect(wrong.code).toBe(6);
  });

  test('contain no expressions in their scripts, and start one process for each of the four parts', () => {
    for (const script of [github, matrix, kubernetes].flatMap(scriptsIn)) expect(script).not.toContain('${{');
    expect(kubernetes).toMatch(/completions: 4\n/);
    expect(slurm).toContain('--array=1-4 ');
    expect(matrix).toContain('part: [1, 2, 3, 4]\n');
  });

  test('upload the whole SAE in the parts of a matrix, a SLURM array and a Kubernetes Job', async ({ home }) => {
    const server = await home.sandbox();
    mkdirSync(join(home.folder, 'work'));
    cpSync(tinySae, join(home.folder, 'work', 'sae'), { recursive: true });
    const engines = [
      { script: slurm, env: (part: number) => ({ SLURM_ARRAY_TASK_ID: `${part}` }), source: '1-my-res-16k-slurm' },
      {
        script: scriptsIn(kubernetes)[0],
        env: (part: number) => ({ JOB_COMPLETION_INDEX: `${part - 1}` }),
        source: '1-my-res-16k-k8s',
      },
      { script: scriptsIn(matrix)[0], env: (part: number) => ({ SHARD: `${part}/4` }), source: '1-my-res-16k-matrix' },
    ];
    for (const { script = '', env, source } of some(engines, 3)) {
      const parts = await Promise.all([1, 2, 3, 4].map((part) => runJob(home, server.url, script, env(part))));
      for (const { code, stderr } of parts) expect(code, stderr).toBe(0);
      expect(storedFeatures(server.data, source)).toHaveLength(512);
    }
  });
});

test('every YAML block of the README is tested here', () => {
  expect(codeBlocks('yaml')).toHaveLength(3);
});
