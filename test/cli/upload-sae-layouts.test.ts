import { describe, expect } from 'vitest';
import { expectFailure } from './failures.ts';
import { fixture, hexOf } from './fixtures.ts';
import { test } from './home.ts';
import { queryStore, storedFeatures } from './sandbox-process.ts';

const layout = (name: string) => fixture(`layouts/${name}`);
const newModel = ['--create-model', '26'];

/** Returns row i of a decoder in `fixtures/layouts`, as a store must hold it. */
function row(i: number, width: number, head = 0): string {
  return hexOf(Array.from({ length: width }, (_, j) => 4096 * head + i + j / 1024));
}

const rows = (count: number, width: number, head = 0) => Array.from({ length: count }, (_, i) => row(i, width, head));

describe.concurrent('upload-sae of files that trainers write', () => {
  test('puts each head of a crosscoder where --head says, and adds nothing when run again', async ({
    home,
    server,
  }) => {
    const heads = ['--head', '0=cc-base:14', '--head', '1=cc-tuned:14'];
    const receipt = ['--receipt', `${home.folder}/r.jsonl`];
    const command = ['upload-sae', layout('crosscoder-nanda'), '--sae-id', 'cc', ...heads, ...newModel, ...receipt];
    const ran = await home.runAt(server.url, command);
    expect(ran).toMatchObject({
      code: 0,
      stdout: `${server.url}/cc-base/14-cc\n${server.url}/cc-tuned/14-cc\n`,
    });
    const stored = storedFeatures(server.data, '14-cc');
    expect(stored.map(({ vector }) => vector)).toEqual([...rows(24, 16, 0), ...rows(24, 16, 1)]);
    const place = { kind: 'crosscoder', hookName: 'blocks.14.hook_resid_pre' };
    for (const [i, one] of stored.entries()) {
      expect(one).toMatchObject({ ...place, model: i < 24 ? 'cc-base' : 'cc-tuned', index: i % 24 });
    }
    const again = await home.runAt(server.url, command);
    expect(again).toMatchObject({ code: 0, stdout: ran.stdout });
    expect(storedFeatures(server.data, '14-cc')).toHaveLength(48);
  });

  test('does not mix heads in one source', async ({ home, server }) => {
    const command = ['upload-sae', layout('crosscoder-nanda'), '--sae-id', 'mixed', '--model', 'cc-one', ...newModel];
    const ran = await home.runAt(server.url, command);
    expectFailure(ran, 6);
    expect(ran.stderr).toMatch(/head 0 of 2 .*head 1 of 2 would both go into cc-one\/14-mixed/);
    expect(ran.stderr).toMatch(/hint: put \{head\} into --sae-id/);
    expect(storedFeatures(server.data, '%-mixed')).toEqual([]);
  });

  test('uploads a sweep of Gemma Scope 2 with the layer, hook and L0 of each', async ({ home, server }) => {
    const model = ['--model', 'scope-270m', ...newModel];
    const command = ['upload-sae', layout('gemma-scope-2-270m-it'), '--sae-id', 'scope-{layer}', ...model];
    const ran = await home.runAt(server.url, [...command, '--layers', '10-20']);
    expect(ran).toMatchObject({ code: 0, stdout: `${server.url}/scope-270m/15-scope-15\n` });
    const all = await home.runAt(server.url, command);
    expect(all).toMatchObject({ code: 0 });
    for (const layer of [9, 15]) {
      const stored = storedFeatures(server.data, `${layer}-scope-${layer}`);
      expect(stored.map(({ vector }) => vector)).toEqual(rows(1024, 2));
      expect(stored[0]?.common).toMatchObject({ sourceMetadata: { l0: layer === 9 ? 61 : 55 } });
      for (const one of stored) expect(one).toMatchObject({ hookName: `blocks.${layer}.hook_resid_post`, kind: 'sae' });
    }
  });

  test('stores both hooks of a transcoder, and reads its decoder the right way up', async ({ home, server }) => {
    const place = ['--sae-id', 'llama-tc', '--model', 'scope-tc', '--layers', '9', ...newModel];
    const ran = await home.runAt(server.url, ['upload-sae', layout('llama-scope'), ...place]);
    expect(ran).toMatchObject({ code: 0 });
    const [first] = storedFeatures(server.data, '9-llama-tc');
    expect(first).toMatchObject({ kind: 'transcoder', hookName: 'blocks.9.hook_mlp_out' });
    const powers = Array.from({ length: 16 }, (_, j) => 2 ** (j - 8));
    expect(first!.vector).toBe(hexOf(powers));
    const sql = "SELECT json FROM common JOIN features ON common_id = common.id WHERE source = '9-llama-tc' LIMIT 1";
    const [common] = queryStore(server.data, sql);
    expect(JSON.parse(common.json)).toMatchObject({ hookNameIn: 'blocks.9.ln2.hook_normalized' });
  });

  test('refuses attention outputs as steering vectors', async ({ home, server }) => {
    const ran = await home.runAt(server.url, [
      ...['upload-sae', layout('hook-z'), '--sae-id', 'z', '--model', 'z-model', '--create-model', '12'],
      ...['--as', 'vectors', '--features', '0-3'],
    ]);
    expectFailure(ran, 6);
    expect(ran.stderr).toContain('blocks.5.attn.hook_z');
    expect(ran.stderr).toMatch(/hint: .*attention heads' outputs/);
  });
});
