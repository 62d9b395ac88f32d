import { describe, expect } from 'vitest';
import { startSandbox } from '../../src/sandbox/index.ts';
import { fixture, tinySae } from './fixtures.ts';
import { testHere as test } from './home.ts';
import { documentsOf } from './run-cli.ts';
import { queryStore, storedFeatures } from './sandbox-process.ts';

const vector = ['upload-vector', fixture('vectors/random-768-f32.npy'), '--model', 'gpt2-small', '--layer', '6'];
const texts = '{"tokens":["a"," king","s"],"values":[0,2,1]}\n';

/** Returns the explanations in a store for a label or source, with their features and scores. */
const explanationsIn = (data: string, name: string) =>
  queryStore(
    data,
    `SELECT features.label, idx AS "index", explanations.method_name AS method, explanations.model_name AS model,
       explanation_scores.type_name AS score FROM explanations JOIN features ON features.id = feature_id
       LEFT JOIN explanation_scores ON explanation_id = explanations.id WHERE features.label = ? OR source = ? ORDER BY idx`,
    name,
    name,
  );

const listed = (data: string, list: string) =>
  queryStore(
    data,
    `SELECT idx AS "index" FROM list_features JOIN lists ON lists.id = list_id JOIN features ON features.id = feature_id
     WHERE lists.name = ? ORDER BY idx`,
    list,
  ).map(({ index }) => index);

describe.concurrent('explaining, scoring and listing what was uploaded', () => {
  test('puts a vector on a list, explains and scores it, and does none of this twice', async ({ home, server }) => {
    const activations = home.file('texts.jsonl', texts);
    const after = ['--auto-interp', '--interp-method', 'eleuther', '--score', 'fuzz', '--list', 'Mine'];
    const command = [...vector, '--name', 'explained', '--activations', activations, ...after];
    const first = await home.runAt(server.url, command);
    expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('" king"') });
    const row = { label: 'explained', method: 'eleuther_acts_top20', model: 'gpt-4o-mini', score: 'eleuther_fuzz' };
    expect(explanationsIn(server.data, 'explained')).toMatchObject([row]);
    expect(listed(server.data, 'Mine')).toHaveLength(1);
    const again = await home.runAt(server.url, command);
    expect(again).toMatchObject({ code: 0, stdout: first.stdout, stderr: expect.stringContaining('there already') });
    expect(explanationsIn(server.data, 'explained')).toHaveLength(1);
    expect(listed(server.data, 'Mine')).toHaveLength(1);
  });

  test('requires --interp-limit for an SAE, and explains as many of its first features', async ({ home, server }) => {
    const activations = fixture('sae-tiny/activations.jsonl');
    const command = ['upload-sae', tinySae, '--sae-id', 'explained', '--activations', activations, '--features', '3-9'];
    const unlimited = await home.runAt(server.url, [...command, '--auto-interp']);
    expect(unlimited).toMatchObject({ code: 2, stderr: expect.stringContaining('--interp-limit N') });
    const after = ['--auto-interp', '--interp-limit', '2', '--list', 'All of it', '--json'];
    const ran = await home.runAt(server.url, [...command, ...after]);
    expect(ran.code).toBe(0);
    const explained = explanationsIn(server.data, '1-explained');
    expect(explained).toMatchObject([
      { index: 3, method: 'np_max-act', score: null },
      { index: 4, method: 'np_max-act', score: null },
    ]);
    expect(listed(server.data, 'All of it')).toEqual([3, 4, 5, 6, 7, 8, 9]);
    const documents = documentsOf(ran).filter(({ type }) => type === 'explanation');
    expect(documents.map(({ id }) => id)).toEqual(['tiny-kjv-4l/1-explained/3', 'tiny-kjv-4l/1-explained/4']);
  });

  test('skips features without examples, and refuses to explain vectors of an SAE', async ({ home, server }) => {
    const activations = home.file('some.jsonl', '{"index":5,"tokens":[" lord"],"values":[2]}\n');
    const command = ['upload-sae', tinySae, '--sae-id', 'few', '--features', '0-9', '--auto-interp'];
    const options = ['--activations', activations, '--interp-limit', '2'];
    expect((await home.runAt(server.url, [...command, ...options])).code).toBe(0);
    expect(explanationsIn(server.data, '1-few')).toMatchObject([{ index: 5 }]);
    const vectors = await home.runAt(server.url, [...command, '--as', 'vectors', '--interp-limit', '1']);
    expect(vectors).toMatchObject({ code: 2, stderr: expect.stringContaining('--as vectors sends none') });
    const unexplained = [...command.slice(0, -1), '--as', 'vectors', '--activations', activations];
    const examples = await home.runAt(server.url, unexplained);
    expect(examples).toMatchObject({ code: 2, stderr: expect.stringContaining('--activations are examples') });
  });

  test('sends nothing if it could not be explained', async ({ home, server }) => {
    const activations = home.file('texts.jsonl', texts);
    const named = [...vector, '--name', 'unexplained', '--auto-interp'];
    const without = await home.runAt(server.url, named);
    expect(without).toMatchObject({ code: 6, stderr: expect.stringContaining('add --activations') });
    const unknown = await home.runAt(server.url, [
      ...named,
      '--activations',
      activations,
      '--explainer-model',
      'gpt-9',
    ]);
    expect(unknown).toMatchObject({ code: 6, stderr: expect.stringContaining('--explainer-model') });
    const alone = await home.runAt(server.url, [...vector, '--name', 'unexplained', '--interp-method', 'max-act']);
    expect(alone).toMatchObject({ code: 2, stderr: expect.stringContaining('add --auto-interp') });
    expect(storedFeatures(server.data).filter(({ label }) => label === 'unexplained')).toEqual([]);
  });

  test('requires a provider key on a public server, and sends nothing without one', async ({ home }) => {
    const activations = home.file('texts.jsonl', texts);
    const command = [...vector, '--name', 'public', '--activations', activations, '--auto-interp', '--score', 'recall'];
    const data = `${home.folder}/public`;
    const users = [
      { id: 'with', name: 'with', key: 'key-with', providerKeys: true },
      { id: 'without', name: 'without', key: 'key-without' },
    ];
    const server = home.own(await startSandbox({ dataDir: data, public: true, users }));
    const refused = await home.runAt(server.url, command, { env: { NEURONPEDIA_API_KEY: 'key-without' } });
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('under Settings') });
    expect(storedFeatures(data)).toEqual([]);
    const ran = await home.runAt(server.url, command, { env: { NEURONPEDIA_API_KEY: 'key-with' } });
    expect(ran.code).toBe(0);
    expect(explanationsIn(data, 'public')).toMatchObject([{ method: 'np_max-act', score: 'recall_alt' }]);
  });
});
