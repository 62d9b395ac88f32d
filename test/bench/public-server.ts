import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstLine } from './contenders.ts';
import { npy, pathOf, tiledRows, write } from './material.ts';
import { beside, run, tool } from './measure.ts';
import type { Bench, Line } from './table.ts';

const shape = { rows: 2048, width: 768 };
const tokens = 64;
const rowsABody = 128;

/** Uploads features with activations to a server of the public kind: a bottleneck, so no request may be wasted. */
export async function publicServer({ folder, values }: Bench): Promise<readonly Line[]> {
  const file = write(pathOf(folder, 'public.npy', shape), npy(tiledRows(values, shape), [shape.rows, shape.width]));
  const examples = join(folder, 'examples.jsonl');
  writeFileSync(examples, Array.from({ length: shape.rows }, (_, index) => example(index, values)).join(''));
  const meter = join(folder, 'sandbox-meter.json');
  const words = ['sandbox', '--public', '--json', '--port', '0', '--data', join(folder, 'data'), '--fresh'];
  const sandbox = spawn(process.execPath, ['--require', beside('meter.cjs'), tool, ...words], {
    env: { PATH: process.env.PATH, BENCH_METER: meter, NEURONPEDIA_CONFIG_DIR: folder, NEURONPEDIA_STATE_DIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { url } = JSON.parse(await firstLine(sandbox));
  const names = ['--model', 'gpt2-small', '--layer', '1', '--sae-id', 'bench', '--activations', examples];
  const ours = await run({
    args: [tool, 'upload-sae', file, ...names, '--api-url', url, '--no-progress', '--verbose'],
    env: { NEURONPEDIA_API_KEY: 'sandbox-bulk', NO_COLOR: '1' },
  });
  sandbox.kill('SIGTERM');
  await once(sandbox, 'exit');
  const { cpuUs } = JSON.parse(readFileSync(meter, 'utf8'));
  const batches = ours.stderr.match(/POST \/api\/feature\/upload-batch/g)?.length ?? 0;
  return [
    {
      what: `upload requests for ${shape.rows} features to the public kind, beyond ${shape.rows / rowsABody} full bodies`,
      goal: '≤ 0',
      measured: batches - shape.rows / rowsABody,
      unit: '',
      detail: `${batches} requests; CPU of the server ${(cpuUs / 1000 / ours.cpuMs).toFixed(1)} × the client’s`,
    },
  ];
}

function example(index: number, values: Float32Array): string {
  const words = Array.from({ length: tokens }, (_, i) => ` word${(index + i) % 97}`);
  const found = words.map((_, i) => Math.abs(values[(index * tokens + i) % values.length] as number));
  return `${JSON.stringify({ index, activations: [{ tokens: words, values: found }] })}\n`;
}
