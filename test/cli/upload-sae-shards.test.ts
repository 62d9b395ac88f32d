import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { fixture, rowsOf, tinySae } from './fixtures.ts';
import { test } from './home.ts';
import { documentsOf, type Json, startCli } from './run-cli.ts';
import { storedFeatures } from './sandbox-process.ts';
import { serveThrough } from './web-server.ts';

test('parallel shards, one of them killed and run again, upload the whole SAE exactly once', async ({ home }) => {
  const server = await home.sandbox();
  const proxy = home.own(await serveThrough(server.url));
  const command = ['upload-sae', tinySae, '--sae-id', 'parts', '--batch-size', '50'];
  const env = { ...home.env, NEURONPEDIA_API_KEY: 'sandbox-bulk' };
  const receipt = join(home.folder, 'receipt.jsonl');
  const shard = (part: number) => [...command, '--shard', `${part}/3`, '--json', '--receipt', receipt];
  proxy.hold((path) => path === '/api/feature/upload-batch');
  const begun = [1, 2, 3].map((part) => startCli([...shard(part), '--api-url', proxy.url], { env }));
  await proxy.held;
  begun[1]?.child.kill('SIGKILL');
  proxy.release();
  const [first, killed, third] = await Promise.all(begun.map(({ ran }) => ran));
  expect([first?.code, killed?.code, third?.code]).toEqual([0, null, 0]);
  expect(documentsOf(third as Json).at(-1)).toMatchObject({
    ...{ type: 'summary', status: 'done', shard: '3/3', note: 'shard 3 of 3 only' },
    jobs: [{ rows: 171, confirmed: 171 }],
  });
  const again = await home.runAt(server.url, shard(2));
  expect(again.code, again.stderr).toBe(0);
  expect(again.stderr).toContain('(shard 2 of 3 only)');
  const [head, ...rows] = readFileSync(receipt, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect([head.shard, rows.length, rows[0].row]).toEqual(['2/3', 171, 170]);
  const whole = await home.runAt(server.url, [...command, '--json']);
  expect(documentsOf(whole).at(-1)).toMatchObject({ jobs: [{ confirmed: 512, found: 512, sent: 0 }] });
  const stored = storedFeatures(server.data, '1-parts').map(({ vector }) => vector);
  expect(stored).toEqual(await rowsOf(fixture('sae-tiny/sae_weights.safetensors'), 'W_dec'));
  const status = await home.runAt(server.url, ['status']);
  expect(status.stdout).toMatch(
    /1-parts in 3 shards: 3 of them known here, 3 done, 512\/512 rows\n {2}\S+ {2}done .*\(shard 1 of 3\)\n.*\n.*\(shard 2 of 3\)\n.*\n.*\(shard 3 of 3\)\n/,
  );
});
