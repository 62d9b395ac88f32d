import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { npyFile, tinySae } from './fixtures.ts';
import { testHere as test } from './home.ts';
import { linesOf } from './run-cli.ts';
import { storedFeatures } from './sandbox-process.ts';

describe.concurrent('what is said of a part of an upload', () => {
  test('the receipt of a paused upload says of each row whether it is on the server', async ({ home }) => {
    const file = home.file(
      'many.npy',
      npyFile([1100, 64], (position) => Math.sin(position)),
    );
    const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--sae-id', 'many', '--receipt', `${home.folder}/r.jsonl`];
    const env = { NEURONPEDIA_SANDBOX_TIER: 'free' };
    await home.run(['upload-sae', file, ...place, '--sandbox'], { env });
    const [, ...rows] = linesOf(readFileSync(`${home.folder}/r.jsonl`, 'utf8')).map((line) => JSON.parse(line));
    expect(rows.filter(({ status }) => status === 'stored')).toHaveLength(1000);
    expect(rows.filter(({ status }) => status === 'pending')).toHaveLength(100);
  });

  test('a dry run says what is there already and what would be sent, and sends nothing', async ({ home, server }) => {
    const command = ['upload-sae', tinySae, '--sae-id', 'part'];
    await home.runAt(server.url, [...command, '--features', '0-99']);
    const ran = await home.runAt(server.url, [...command, '--dry-run', '--json']);
    const summary = JSON.parse(linesOf(ran.stdout).at(-1) as string);
    expect(summary).toMatchObject({
      type: 'summary',
      status: 'dry-run',
      jobs: [{ rows: 512, there: 100, toSend: 412 }],
    });
    expect(storedFeatures(server.data, '1-part')).toHaveLength(100);
  });
});
