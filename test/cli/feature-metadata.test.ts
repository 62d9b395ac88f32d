import { cpSync, readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { fixture } from './fixtures.ts';
import { testHere as test } from './home.ts';
import { documentsOf, type Json, linesOf } from './run-cli.ts';
import { queryStore } from './sandbox-process.ts';

const data = (name: string) => fixture(`feature-data/${name}`);
const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--orientation', 'rows', '--sae-id', 'facts'];
const facts: Json[] = JSON.parse(readFileSync(data('facts.json'), 'utf8'));

function receiptOf(path: string): Json[] {
  return linesOf(readFileSync(path, 'utf8'))
    .slice(1)
    .map((line) => JSON.parse(line));
}

describe.concurrent('upload-sae --feature-metadata', () => {
  test('says what it read and what it left out in the plan, the summary and the receipt', async ({ home }) => {
    const receipt = `${home.folder}/r.jsonl`;
    const given = ['--feature-metadata', data('facts.npz'), '--skip-dead', '--receipt', receipt];
    const ran = await home.run(['upload-sae', data('rows.npz'), ...place, ...given, '--sandbox', '--json']);
    expect(ran.code).toBe(0);
    expect(ran.stderr).toMatch(/indices {2}.*row 0 is feature 5000/);
    expect(ran.stderr).toMatch(/facts .*facts\.npz: density, sparsity, .*cluster for 16 features/);
    expect(ran.stderr).toContain('"max_activation" says nothing of 2 of 16 features');
    expect(ran.stderr.match(/ left out 2 features that never fire \(--skip-dead\)/g)).toHaveLength(1);
    expect(ran.stderr.match(/2 dead features left out \(--skip-dead\)/g)).toHaveLength(1);
    expect(ran.stderr).not.toContain('warning');
    const documents = documentsOf(ran);
    expect(documents[0]).toMatchObject({ type: 'plan', rows: 14, dead: 2, facts: expect.arrayContaining(['l0']) });
    expect(documents.at(-1)).toMatchObject({ type: 'summary', jobs: [{ rows: 14, confirmed: 14, dead: 2 }] });
    const rows = receiptOf(receipt);
    expect(rows[0]).toMatchObject({ row: 0, index: 5000, id: 'tiny-kjv-4l/1-facts/5000', status: 'stored' });
    expect(rows.filter(({ status }) => status.startsWith('dead')).map(({ row, index }) => [row, index])).toEqual([
      [3, 26003],
      [11, 82011],
    ]);
    const status = await home.run(['status', 'tiny-kjv-4l/1-facts/5000', '--sandbox']);
    expect(status.stdout).toMatch(/^metadata +sparsity 0\.0267, frequency 0\.0534, layer 1, max_activation 8\.4962/m);
  });

  test('warns once about what a public server drops, and keeps it in the receipt', async ({ home }) => {
    const receipt = `${home.folder}/r.jsonl`;
    const line = (index: number) => JSON.stringify({ index, tokens: ['t'], values: [1] });
    const activations = home.file('acts.jsonl', [line(0), line(1)].join('\n'));
    const given = ['--feature-metadata', data('facts.jsonl'), '--activations', activations, '--receipt', receipt];
    const ran = await home.run(['upload-sae', data('rows.npy'), ...place, ...given, '--sandbox-public']);
    expect(ran.code).toBe(0);
    const warnings = linesOf(ran.stderr).filter((text) => text.startsWith('neuronpedia: warning:'));
    expect(warnings).toEqual([
      expect.stringMatching(/cannot store names of features, descriptions of features, metadata of features \(spars/),
    ]);
    const rows = receiptOf(receipt);
    for (const index of facts.keys()) {
      const { name, description, metadata } = facts[index];
      const kept = rows.find((row) => row.index === index);
      expect({ name: kept.name, description: kept.description, metadata: kept.metadata }).toEqual({
        ...{ name, description, metadata },
      });
    }
    expect(rows).toHaveLength(16);
    const stored = queryStore(home.sandboxData.replace(/sandbox$/, 'sandbox-public'), 'SELECT details FROM features');
    expect(stored.map(({ details }) => JSON.parse(details).density)).toEqual([facts[0].density, facts[1].density]);
  });

  test('refuses a single file for two SAEs', async ({ home }) => {
    const [tiny, copy] = [fixture('sae-tiny'), `${home.folder}/copy`];
    cpSync(tiny, copy, { recursive: true });
    const given = ['--sae-id', 'two', '--feature-metadata', data('density.npy')];
    const ran = await home.run(['upload-sae', tiny, copy, ...given, '--sandbox']);
    expect(ran).toMatchObject({ code: 2, stdout: '' });
    expect(ran.stderr).toMatch(/2 SAEs were found\n.*hint: .*\{layer\}/);
  });

  test('refuses a file that has changed since, and with --restart sends only the missing rows', async ({ home }) => {
    const facts = (name: string) => {
      const line = (index: number) => JSON.stringify({ index, name });
      return home.file('facts.jsonl', Array.from({ length: 16 }, (_, i) => line(i)).join('\n'));
    };
    const upload = (file: string, ...more: string[]) =>
      home.run(['upload-sae', data('rows.npy'), ...place, '--feature-metadata', file, '--sandbox', '--json', ...more]);
    expect((await upload(facts('before'), '--features', '0-3')).code).toBe(0);
    const other = facts('after');
    const refused = await upload(other);
    expect(refused.code).toBe(12);
    expect(refused.stderr).toMatch(
      /the contents of --feature-metadata \(digest\), .*, changed \(was [0-9a-f]{8}, is now [0-9a-f]{8}\)\n/,
    );
    expect(refused.stderr).toMatch(/delete it first with neuronpedia delete --job [0-9a-f]{16}\n/);
    expect(refused.stderr).toContain('sends what is missing, from this file with these options');
    const again = await upload(other, '--restart');
    expect(again.stderr).toMatch(
      /4 rows on the server will stay as they were sent before: .*delete --job [0-9a-f]{16} --include-found --sandbox/,
    );
    expect(documentsOf(again).at(-1)).toMatchObject({ status: 'done', jobs: [{ found: 4, sent: 12 }] });
    const stored = queryStore(home.sandboxData, 'SELECT details FROM features ORDER BY idx');
    const names = stored.map(({ details }) => JSON.parse(details).name);
    expect(names).toEqual([...Array(4).fill('before'), ...Array(12).fill('after')]);
  });

  test('before anything is sent, refuses a sparsity that may be a logarithm', async ({ home }) => {
    const given = ['--feature-metadata', data('sparsity.npy')];
    const ran = await home.run(['upload-sae', data('rows.npy'), ...place, ...given, '--sandbox']);
    expect(ran).toMatchObject({ code: 6, stdout: '' });
    expect(ran.stderr).toMatch(/neuronpedia: error: .*sparsity\.npy.*negative/);
    expect(ran.stderr).toMatch(/hint: --sparsity-scale log10.*\n.*hint: --sparsity-scale linear/);
  });
});
