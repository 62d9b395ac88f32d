import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test as plainTest } from 'vitest';
import { tableLines } from '../../src/cli/deck-table.ts';
import { widthOf } from '../../src/cli/display-text.ts';
import { safetensorsOf } from '../fixtures.ts';
import { fixture } from './fixtures.ts';
import { type Home, testHere as test } from './home.ts';
import { runHere } from './in-process.ts';
import { writePageFiles } from './page-folder.ts';
import { documentsOf } from './run-cli.ts';
import { testTerminal } from './terminal.ts';

/** Writes three SAEs of layers 0 to 2, as SAELens saves them, and returns their folder. */
function everyLayer(home: Home): string {
  writePageFiles(home.folder);
  return join(home.folder, 'every-layer');
}

/** Writes one as dictionary_learning saves it, its decoder the other way round: layer 3, 5 features, another hook. */
function otherWayRound(home: Home): string {
  const folder = join(home.folder, 'other');
  mkdirSync(folder);
  const config = { dict_class: 'AutoEncoder', activation_dim: 64, dict_size: 5, layer: 3, lm_name: 'tiny-kjv-4l' };
  const shapes = { 'decoder.weight': [64, 5], 'encoder.weight': [5, 64], 'encoder.bias': [5], bias: [64] };
  writeFileSync(join(folder, 'ae.safetensors'), safetensorsOf(shapes));
  const trainer = { ...config, submodule_name: 'blocks.3.attn.hook_z' };
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ trainer }));
  return folder;
}

const how = ['--sae-id', 'demo', '--sandbox', '--dry-run'];

/** Returns what a person sees on a terminal of `columns` columns. */
async function shown(home: Home, columns: number, args: readonly string[], color = false): Promise<string[]> {
  const terminal = testTerminal(columns, 200);
  const ran = await runHere(['upload-sae', ...args, ...how], {
    env: home.env,
    stderr: terminal.stream,
    options: { color, progress: false },
  });
  expect(ran.code, terminal.written()).toBe(0);
  if (color) expect(terminal.written()).not.toBe(stripVTControlCharacters(terminal.written()));
  return terminal.lines();
}

const count = (lines: readonly string[], text: string) => lines.filter((line) => line.includes(text)).length;

describe('the plan of several SAEs', () => {
  for (const columns of [60, 80, 100, 200]) {
    for (const color of [false, true]) {
      test(`says once what all share, and shows the rest in a table: ${columns} columns, colour ${color}`, async ({
        home,
      }) => {
        const lines = await shown(home, columns, [everyLayer(home)], color);
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
        for (const once of [
          'SAEs     3 (SAELens, sae)',
          'decoder  W_dec F32',
          'rows: b_dec has 64',
          'server   ',
          'facts  ',
        ])
          expect(count(lines, once), once).toBe(1);
        expect(count(lines, 'to       tiny-kjv-4l; layer and hook of each are below')).toBe(1);
        for (const layer of [0, 1, 2]) {
          const at = lines.findIndex((line) => line.startsWith(`${String(layer).padStart(5)}  `));
          const row = lines.slice(at, at + 2).join('\n');
          expect(at).toBeGreaterThan(0);
          expect(row).toMatch(new RegExp(`^ +${layer} +512 × 64 +blocks.${layer}.hook_resid_post`));
          expect(row).toMatch(new RegExp(`tiny-kjv-4l/${layer}-demo +512( |\n|$)`));
          expect(row).toMatch(new RegExp(`layer_${layer}(\n|$)`));
        }
      });
    }
  }

  test('has one line per SAE, with its full path, if the width is unknown', async ({ home }) => {
    const folder = everyLayer(home);
    const { stderr } = await home.run(['upload-sae', folder, ...how]);
    const row = new RegExp(
      `^ +1 +512 × 64 +blocks.1.hook_resid_post +tiny-kjv-4l/1-demo +512 +${folder}/layer_1$`,
      'm',
    );
    expect(stderr).toMatch(row);
  });

  test('has a column for everything that differs, and gives the reasons for each SAE', async ({ home }) => {
    const { stderr } = await home.run(['upload-sae', everyLayer(home), otherWayRound(home), ...how]);
    expect(stderr).toMatch(/^layer +shape +axis +decoder +layout +hook +source +rows +path$/m);
    const first = / +0 +512 × 64 +rows +W_dec F32 +SAELens, sae +blocks.0.hook_resid_post +tiny-kjv-4l\/0-demo +512 /;
    const last =
      / +3 +5 × 64 +columns +decoder.weight F32 +dictionary_learning, sae +blocks.3.attn.hook_z +tiny-kjv-4l\/3-demo +5 /;
    expect(stderr).toMatch(first);
    expect(stderr).toMatch(last);
    expect(stderr).toMatch(/columns: .*: tiny-kjv-4l\/3-demo$/m);
    expect(stderr).toMatch(/rows: .*: tiny-kjv-4l\/0-demo, tiny-kjv-4l\/1-demo, tiny-kjv-4l\/2-demo$/m);
    expect(stderr).toMatch(/^tiny-kjv-4l\/3-demo: the same width as .* by coincidence/m);
    expect(stderr).toMatch(/^tiny-kjv-4l\/0-demo, .*: facts its own sparsity.safetensors: /m);
  });

  test('shows models and heads if they differ, and says that source sets will be made', async ({ home }) => {
    writePageFiles(home.folder);
    const heads = ['--head', '0=gemma-2-2b:13', '--head', '1=gemma-2-2b-it:13', '--hook', 'resid-post'];
    const { stderr } = await home.run(['upload-sae', join(home.folder, 'my-crosscoder'), ...heads, ...how]);
    expect(stderr).toContain('to       layer 13; model and hook of each are below\n');
    expect(stderr).toMatch(/^layer +head +model +shape +hook +source +rows +path$/m);
    expect(stderr).toMatch(/^ +13 +0 +gemma-2-2b +5 × 2,304 +blocks.13.hook_resid_post +gemma-2-2b\/13-demo +5 /m);
    expect(stderr).toMatch(
      /^ +13 +1 +gemma-2-2b-it +5 × 2,304 +blocks.13.hook_resid_post +gemma-2-2b-it\/13-demo +5 /m,
    );
    expect(stderr).toContain('source   the source set of each will be made\n');
  });

  test('warns about requested layers that were not found', async ({ home }) => {
    const folder = everyLayer(home);
    const ran = await runHere(['upload-sae', folder, '--layers', '1,2,20', ...how], { env: home.env });
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('warning: --layers asks for 20, and no SAE of that layer was found\n');
    const all = await runHere(['upload-sae', folder, '--layers', '0-2', ...how], { env: home.env });
    expect(all.stderr).not.toContain('no SAE of');
  });

  test('says once that layers come from the names of folders or files', async ({ home }) => {
    const made = ['--model', 'my-model', '--create-model', '30'];
    const files = await home.run(['upload-sae', fixture('layouts/circuit-tracer'), ...made, ...how]);
    expect(files.stderr).toMatch(
      /^ {9}model \(--model\), layer \(file layer_\{layer\}.safetensors\), hook \(config.yaml\), reads/m,
    );
    expect(files.stderr).toMatch(
      /^ +10 +24 × 16 +blocks.10.hook_mlp_out +blocks.10.mlp.hook_in +my-model\/10-demo +24 /m,
    );
    const folders = await home.run(['upload-sae', fixture('layouts/sparsify'), ...made, ...how]);
    expect(folders.stderr).toContain('layer (folder layers.{layer}), hook (folder layers.{layer}): my-model/10-demo\n');
    expect(folders.stderr).toMatch(/^ +2 +24 × 16 +sparsify, transcoder +layers.2.mlp +my-model\/2-demo +24 /m);
  });

  test('is not used for a single SAE, shows each in full with --verbose, and leaves events as they are', async ({
    home,
  }) => {
    const folder = everyLayer(home);
    const one = await home.run(['upload-sae', `${folder}/layer_1`, ...how]);
    expect(one.stderr).toMatch(/^SAE {6}.*\/layer_1 \(SAELens, sae\)\n.*512 features of 64 values$/m);
    expect(one.stderr).not.toContain('SAEs');
    const all = await home.run(['upload-sae', folder, ...how, '--verbose', '--json']);
    for (const layer of [0, 1, 2]) expect(all.stderr).toContain(`SAE      ${folder}/layer_${layer} (SAELens, sae)\n`);
    expect(all.stderr).toContain('SAEs     3');
    const plans = documentsOf(all).filter(({ type }) => type === 'plan');
    expect(plans.map(({ layer, source, rows }) => [layer, source, rows])).toEqual(
      [0, 1, 2].map((layer) => [layer, `tiny-kjv-4l/${layer}-demo`, 512]),
    );
  });

  test('names the SAE whose rows are left out', async ({ home }) => {
    const folder = everyLayer(home);
    const weights = safetensorsOf({ W_dec: [512, 64], W_enc: [64, 512], b_dec: [64], b_enc: [512] });
    Buffer.from(weights.buffer, weights.byteOffset).writeUInt32LE(
      0x7fc00000,
      weights.length - 4 * 576 - 4 * 2 * 64 * 512,
    );
    writeFileSync(join(folder, 'layer_2', 'sae_weights.safetensors'), weights);
    const { stderr } = await home.run(['upload-sae', folder, ...how, '--skip-bad-rows']);
    expect(stderr).toMatch(/warning: tiny-kjv-4l\/2-demo: 1 row is left out: /);
    expect(stderr).toMatch(/^ +2 +512 × 64 .* 511 /m);
  });
});

plainTest('a table shortens cells in the middle where it may, and wraps columns that do not fit', () => {
  const columns = [
    { heading: 'layer', cells: ['9', '10'], right: true },
    { heading: 'source', cells: ['a/9-層', 'a/10-demo'] },
    { heading: 'path', cells: ['/data/runs/of/last/week/layer_9', '/data/runs/of/last/week/layer_10'], cut: true },
  ];
  const wide = tableLines(columns, 200, '…');
  expect(wide.rows).toEqual([
    '    9  a/9-層     /data/runs/of/last/week/layer_9',
    '   10  a/10-demo  /data/runs/of/last/week/layer_10',
  ]);
  const cut = tableLines(columns, 44, '…').rows;
  expect(cut[1]).toMatch(/^ {3}10 {2}a\/10-demo {2}\/data\/.*….*\/layer_10$/);
  const { head, rows } = tableLines(columns, 36, '…');
  expect(head).toEqual(['layer  source', '       path']);
  expect(rows).toHaveLength(4);
  for (const line of [...cut, ...rows]) expect(widthOf(line)).toBeLessThanOrEqual(44);
});

test('an error about one of several SAEs says which it is', async ({ home }) => {
  const folder = everyLayer(home);
  const config = join(folder, 'layer_2', 'cfg.json');
  const text = readFileSync(config, 'utf8');
  writeFileSync(config, text.replace('blocks.2.', 'blocks.9.'));
  const ran = await runHere(['upload-sae', folder, ...how], { env: home.env });
  expect(ran).toMatchObject({ code: 6 });
  expect(ran.stderr).toMatch(/error: \S*layer_2: layer 9 does not exist/);
});
