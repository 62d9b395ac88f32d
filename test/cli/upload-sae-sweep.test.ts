import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { AppError } from '../../src/errors.ts';
import { timeUp } from '../../src/upload/time-limit.ts';
import { openCommands } from './commands-here.ts';
import { tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { documentsOf } from './run-cli.ts';
import { storedFeatures } from './sandbox-process.ts';

/** Makes a folder with a copy of the tiny SAE for each layer, and returns its path. */
function sweep(home: Home, layers: readonly number[]): string {
  for (const layer of layers) {
    const folder = `${home.folder}/sweep/layer_${layer}`;
    mkdirSync(folder, { recursive: true });
    cpSync(`${tinySae}/sae_weights.safetensors`, `${folder}/sae_weights.safetensors`);
    const config = readFileSync(`${tinySae}/cfg.json`, 'utf8').replace('blocks.1.', `blocks.${layer}.`);
    writeFileSync(`${folder}/cfg.json`, config);
  }
  return `${home.folder}/sweep`;
}

describe.concurrent('upload-sae of several SAEs', () => {
  test('makes one source for each and prints one line per source', async ({ home, server }) => {
    const folder = sweep(home, [0, 1, 2]);
    rmSync(`${folder}/layer_1/sae_weights.safetensors`);
    const ran = await home.runAt(server.url, ['upload-sae', folder, '--sae-id', 'all']);
    const url = (layer: number) => `${server.url}/tiny-kjv-4l/${layer}-all\n`;
    expect(ran).toMatchObject({ code: 0, stdout: url(0) + url(2) });
    for (const source of ['0-all', '2-all']) expect(storedFeatures(server.data, source)).toHaveLength(512);
    expect(ran.stderr).toContain('warning: layer_1 is left out, unlike the folders beside it');
    expect(ran.stderr).toContain('2 of 2 SAEs done: 1,024 rows on the server, 1,024 sent now\n');
    const some = await home.runAt(server.url, ['upload-sae', folder, '--sae-id', 'all', '--layers', '0,2']);
    expect(some).toMatchObject({ code: 0, stderr: expect.not.stringContaining('left out') });
  });

  test('asks once for what they have in common', async ({ home }) => {
    const asked: string[] = [];
    const { run } = await openCommands(({ path }) => void asked.push(path));
    const ran = await run(['upload-sae', sweep(home, [0, 1, 2]), '--sae-id', 'once', '--features', '0-3', '--dry-run']);
    expect(ran.code).toBe(0);
    expect(asked.filter((path) => path === '/api/model/get')).toHaveLength(1);
    expect(asked.filter((path) => path.startsWith('/api/source-set/'))).toHaveLength(1);
  });

  test('does not accept one --layer for all of them', async ({ home, server }) => {
    const command = ['upload-sae', sweep(home, [0, 2]), '--sae-id', 'one-layer', '--layer', '1'];
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 2, stdout: '' });
    expect(storedFeatures(server.data, '%-one-layer')).toEqual([]);
  });

  test('sends none if one of them is wrong', async ({ home, server }) => {
    const ran = await home.runAt(server.url, ['upload-sae', sweep(home, [0, 9]), '--sae-id', 'one-wrong']);
    expect(ran).toMatchObject({ code: 6, stdout: '' });
    expect(ran.stderr).toContain('layer 9');
    expect(storedFeatures(server.data, '%-one-wrong')).toEqual([]);
  });

  test('names all that are wrong, and ends with one summary', async ({ home, server }) => {
    const folder = sweep(home, [0, 8, 9]);
    const ran = await home.runAt(server.url, ['upload-sae', folder, '--sae-id', 'two-wrong', '--json']);
    expect(ran).toMatchObject({
      code: 6,
      stderr: expect.stringMatching(/error: 2 SAEs cannot be uploaded:\n.*layer 8.*\n.*layer 9/),
    });
    const failed = { status: 'failed', code: 'layer_out_of_range', exitCode: 6 };
    expect(documentsOf(ran)).toMatchObject([
      {
        ...{ type: 'summary', status: 'failed' },
        jobs: [
          { ...failed, source: `${folder}/layer_8`, message: expect.stringContaining('layer 8') },
          { ...failed, source: `${folder}/layer_9`, message: expect.stringContaining('layer 9') },
        ],
      },
    ]);
  });

  for (const [what, reason, status, code] of [
    ['a signal', new AppError('interrupted', 'stopped'), 'interrupted', 0],
    ['its time limit', timeUp(), 'paused', 8],
  ] as const) {
    test(`gives all unfinished SAEs the same status if ${what} stops it during a lookup`, async ({ home }) => {
      const stop = new AbortController();
      let looks = 0;
      let isSecond = false;
      const { run, state } = await openCommands(({ path }) => {
        if (path === '/api/features' && isSecond && ++looks === 2) stop.abort(reason);
        return undefined;
      });
      const command = ['upload-sae', sweep(home, [0, 1, 2]), '--sae-id', 'stops'];
      expect(await run([...command, '--features', '0-1'])).toMatchObject({ code: 0 });
      rmSync(state, { recursive: true });
      isSecond = true;
      const ran = await run(command, stop.signal);
      expect(ran.code).toBe(code);
      const [, second, third] = documentsOf(ran).at(-1).jobs;
      expect(documentsOf(ran).at(-1)).toMatchObject({ type: 'summary', status });
      for (const job of [second, third]) expect(job).toMatchObject({ status });
      expect(documentsOf(ran).filter(({ type }) => type === 'error')).toEqual([]);
      expect(ran.stderr).not.toContain('error:');
    });
  }

  test('takes the status of its summary from the job that sets the exit code', async ({ home }) => {
    const refused = { kind: 'answer', commit: false, status: 400, body: '{"error":"no"}' } as const;
    let batches = 0;
    const { run } = await openCommands(({ path, body }) => {
      if (path !== '/api/feature/upload-batch' || !body.includes('"2-worst"')) return undefined;
      return batches++ > 0 ? refused : undefined;
    });
    const folder = sweep(home, [0, 2]);
    const weights = `${folder}/layer_0/sae_weights.safetensors`;
    const image = readFileSync(weights);
    const headerBytes = Number(image.readBigUInt64LE(0));
    const [from] = JSON.parse(image.toString('utf8', 8, 8 + headerBytes)).W_dec.data_offsets;
    image.writeFloatLE(Number.NaN, 8 + headerBytes + from);
    writeFileSync(weights, image);
    const receipt = (source: string) => join(home.folder, `r-tiny-kjv-4l-${source}.jsonl`);
    const rows = ['--features', '0-5', '--batch-size', '2', '--concurrency', '1', '--skip-bad-rows'];
    const receipts = ['--receipt', join(home.folder, 'r.jsonl')];
    const ran = await run(['upload-sae', folder, '--sae-id', 'worst', ...rows, ...receipts]);
    expect(ran.code).toBe(10);
    const summary = documentsOf(ran).at(-1);
    expect(summary).toMatchObject({
      ...{ type: 'summary', status: 'failed' },
      jobs: [
        { status: 'quarantined', url: expect.stringMatching(/^http.*\/0-worst$/), receipt: receipt('0-worst') },
        { status: 'failed', exitCode: 10, rows: 6, confirmed: 2, receipt: receipt('2-worst') },
      ],
    });
    expect(ran.stderr).toContain('0 of 2 SAEs done: 7 rows on the server');
    expect(summary.jobs[1]).not.toHaveProperty('url');
    expect(existsSync(receipt('2-worst'))).toBe(true);
  });

  test('sends the others if one fails, ends with one summary and exits with the worst code', async ({
    home,
    server,
  }) => {
    await server.post('/api/source-set/new', { modelId: 'tiny-kjv-4l', name: 'one-fails' });
    const vector = Array.from({ length: 64 }, () => 1);
    const taken = { modelId: 'tiny-kjv-4l', source: '0-one-fails', features: [{ index: 3, vector }] };
    await server.post('/api/feature/upload-batch', taken);
    expect(storedFeatures(server.data, '0-one-fails')).toHaveLength(1);
    const ran = await home.runAt(server.url, ['upload-sae', sweep(home, [0, 2]), '--sae-id', 'one-fails', '--json']);
    expect(ran.code).toBe(10);
    const hint = expect.stringContaining('neuronpedia delete');
    const dry = ['upload-sae', `${home.folder}/sweep`, '--sae-id', 'one-fails', '--dry-run', '--json'];
    const previewed = await home.runAt(server.url, dry);
    expect(previewed.code).toBe(10);
    expect(documentsOf(previewed).at(-1)).toMatchObject({
      status: 'dry-run',
      jobs: [
        { status: 'failed', code: 'feature_exists', hint },
        { toSend: 0, there: 512 },
      ],
    });
    const documents = documentsOf(ran);
    expect(documents.filter(({ type }) => type === 'summary')).toHaveLength(1);
    const jobs = [
      { source: 'tiny-kjv-4l/0-one-fails', status: 'failed', exitCode: 10, hint },
      { source: 'tiny-kjv-4l/2-one-fails', status: 'done', confirmed: 512 },
    ];
    expect(documents.at(-1)).toMatchObject({ type: 'summary', jobs });
    expect(storedFeatures(server.data, '0-one-fails')).toHaveLength(1);
    expect(storedFeatures(server.data, '2-one-fails')).toHaveLength(512);
  });
});
