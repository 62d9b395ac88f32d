import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { documentsOf } from './run-cli.ts';
import { storedFeatures } from './sandbox-process.ts';

/** A folder with the tiny SAE once a layer. */
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
  test('makes one source of each and prints one line a source', async ({ home, server }) => {
    const ran = await home.runAt(server.url, ['upload-sae', sweep(home, [0, 2]), '--sae-id', 'all']);
    const url = (layer: number) => `${server.url}/tiny-kjv-4l/${layer}-all\n`;
    expect(ran).toMatchObject({ code: 0, stdout: url(0) + url(2) });
    for (const source of ['0-all', '2-all']) expect(storedFeatures(server.data, source)).toHaveLength(512);
  });

  test('does not take one --layer for all of them', async ({ home, server }) => {
    const command = ['upload-sae', sweep(home, [0, 2]), '--sae-id', 'one-layer', '--layer', '1'];
    expect(await home.runAt(server.url, command)).toMatchObject({ code: 2, stdout: '' });
    expect(storedFeatures(server.data, '%-one-layer')).toEqual([]);
  });

  test('sends none where one of them is wrong', async ({ home, server }) => {
    const ran = await home.runAt(server.url, ['upload-sae', sweep(home, [0, 9]), '--sae-id', 'one-wrong']);
    expect(ran).toMatchObject({ code: 6, stdout: '' });
    expect(ran.stderr).toContain('layer 9');
    expect(storedFeatures(server.data, '%-one-wrong')).toEqual([]);
  });

  test('sends the others where one fails, ends in one summary and exits with the worst code', async ({
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
    const documents = documentsOf(ran);
    expect(documents.filter(({ type }) => type === 'summary')).toHaveLength(1);
    const jobs = [
      { source: 'tiny-kjv-4l/0-one-fails', status: 'failed', exitCode: 10 },
      { source: 'tiny-kjv-4l/2-one-fails', status: 'done', confirmed: 512 },
    ];
    expect(documents.at(-1)).toMatchObject({ type: 'summary', jobs });
    expect(storedFeatures(server.data, '0-one-fails')).toHaveLength(1);
    expect(storedFeatures(server.data, '2-one-fails')).toHaveLength(512);
  });
});
