import { expect, test } from 'vitest';
import { readExchanges } from './exchanges.ts';
import { AS_RECORDED, RENAMED, recordedWorld, renamedExchanges } from './renaming.ts';
import { recordedUpstream, replay } from './replay.ts';
import { running } from './running-sandbox.ts';

// Features, activations and explanations of the uploaded source set after those exchanges for which the observations
// count them.
const ROWS: Record<number, [string, number, number, number]> = {
  53: ['1 feature', 1, 1, 0],
  54: ['128 features', 129, 129, 0],
  55: ['the SAME 128 again', 129, 257, 0],
  56: ['with explanations', 131, 259, 4],
  57: ['again', 131, 261, 8],
  61: ['tokens/values length mismatch', 131, 261, 8],
  63: ['not the owner', 131, 261, 8],
  70: ['1e999 in values', 131, 261, 8],
  86: ['one bad feature in the batch: whole batch rolled back', 134, 264, 9],
  88: ['6 MB batch: 128 features x 20 activations x 128 tokens (5 s transaction limit)', 134, 264, 9],
  89: ['10.4 MB batch', 134, 264, 9],
  96: ['delete an uploaded feature with /api/vector/delete: works, cascades', 133, 262, 5],
  152: ['the same 100 features again are answered as created', 133, 362, 5],
};

const COUNT = `SELECT count(DISTINCT f.id) AS features, count(DISTINCT a.id) AS activations,
  count(DISTINCT e.id) AS explanations FROM features f LEFT JOIN activations a ON a.feature_id = f.id
  LEFT JOIN explanations e ON e.feature_id = f.id WHERE f.width IS NULL`;

const namings = [
  ['with the recorded names', AS_RECORDED],
  ['with everything renamed', RENAMED],
] as const;

test.each(namings)('all 153 recorded exchanges get their recorded answers, %s', async (_how, renaming) => {
  const { models, users } = recordedWorld(renaming);
  const sandbox = await running({ public: true, models, users, upstream: recordedUpstream(renaming) });
  const exchanges = renamedExchanges(readExchanges(), renaming);
  expect(exchanges).toHaveLength(153);
  if (renaming === RENAMED) {
    const said = exchanges.map(({ path, key, request, response }) => [path, key, request, response]);
    expect(JSON.stringify(said)).not.toMatch(/alice|\bbob\b|acts-8|gpt2|llama|gemma|test vector/i);
  }
  const counted: string[] = [];
  const differences = await replay(exchanges, {
    url: sandbox.url,
    renaming,
    after: (i, { title }) => {
      const rows = ROWS[i];
      if (rows === undefined) return;
      counted.push(title);
      expect([title, ...Object.values(sandbox.ask(COUNT)[0]!)]).toEqual(rows);
    },
  });
  expect(differences).toEqual([]);
  expect(counted).toHaveLength(Object.keys(ROWS).length);

  const owner = renaming.text('user_alice');
  const vectors = sandbox.ask("SELECT owner, source, width, label FROM features WHERE kind = 'vector' ORDER BY id");
  const label = renaming.text('test vector');
  const width = models[0]!.dimension;
  const at = (source: string) => ({ owner, source, width, label });
  const residual = at('6-neuronpedia-resid-post');
  expect(vectors).toEqual([residual, residual, at('-1-neuronpedia-resid-post'), residual, residual, residual]);
  expect(sandbox.ask('SELECT count(*) AS n FROM activations WHERE creator IS NOT NULL')).toEqual([{ n: 1 }]);
  expect(sandbox.ask('SELECT name, owner FROM source_sets')).toEqual([{ name: renaming.text('alice-acts-8'), owner }]);
  expect(sandbox.ask('SELECT id FROM models')).toEqual([{ id: renaming.text('alice-tiny') }]);
  expect(['lists', 'list_features', 'idempotency', 'usage'].map(sandbox.count)).toEqual([3, 2, 0, 0]);
  // Six steering requests were completed, each with two completions; broken ones are not kept.
  expect(sandbox.count('completions')).toBe(12);
});
