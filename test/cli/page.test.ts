import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { fixture, hexOf, vectorOf } from './fixtures.ts';
import { test } from './home.ts';
import { writePageFiles } from './page-folder.ts';
import { pageRows } from './page-rows.ts';
import type { Json, Ran } from './run-cli.ts';
import { queryStore, type StoredFeature, storedFeatures } from './sandbox-process.ts';

/** What must come of a command: its exit code, and what the store then holds. */
interface Expected {
  readonly code: number;
  readonly key?: string;
  readonly check?: (store: Store, ran: Ran) => void;
}

interface Store {
  readonly data: string;
  readonly url: string;
  /** Returns the vectors and probes with this name. */
  named(name: string): StoredFeature[];
  /** Returns the features of a source, in which `%` is a wildcard. */
  of(source: string): StoredFeature[];
  query(sql: string): Json[];
}

const refusal = await vectorOf(fixture('vectors/random-768-f32.npy'));
const decoder = await rowsOfDecoder();
const stored = (name: string, row: object = {}): Expected => ({
  code: 0,
  check: (store) => expect(store.named(name)).toMatchObject([{ kind: 'vector', ...row }]),
});
const kept = (name: string, details: object): Expected => stored(name, { vector: refusal, details });
const refused = (code: number, gone: (store: Store) => unknown[], words: string, key?: string): Expected => ({
  code,
  ...(key && { key }),
  check: (store, ran) => {
    expect(gone(store)).toEqual([]);
    expect(ran.stderr).toContain(words);
  },
});
const withoutExamples = (source: string) => refused(6, (store) => store.of(source), '--activations');

/** The row whose command is resumed the next day. */
const daily = '1,000 features a day';

/** By the first column of the README's table: results on a server with the upload protocol, and on the public one. */
const expectations: Record<string, readonly [protocol: Expected, open: Expected]> = {
  'a custom vector': [kept('My Custom Vector', { description: 'Detects X' }), stored('My Custom Vector')],
  'tags and a paper': [
    kept('Refusal (Arditi et al.)', { tags: ['steering', 'safety'], paperUrl: 'https://arxiv.org/abs/2406.11717' }),
    stored('Refusal (Arditi et al.)'),
  ],
  'a Python list': [kept('From a list', {}), stored('From a list')],
  'a full dashboard': [
    { code: 0, check: (store) => expectDashboard(store, { sparsity: 0.001, layer: 6 }) },
    { code: 0, check: (store) => expectDashboard(store) },
  ],
  'activation testing': [
    { code: 0, check: expectTested },
    { code: 0, check: expectTested },
  ],
  'auto-interpretation': [
    { code: 0, check: (store) => expectExplained(store, 'A measurement feature', 'eleuther_acts_top20') },
    refused(6, (store) => store.named('A measurement feature'), 'OpenRouter key'),
  ],
  'explanation scoring': [
    { code: 0, check: (store) => expectExplained(store, 'Scored', 'np_max-act', 'eleuther_fuzz') },
    refused(6, (store) => store.named('Scored'), 'key of a model provider'),
  ],
  steering: [
    { code: 0, check: expectSteered },
    { code: 0, check: expectSteered },
  ],
  'lists and sharing': [
    { code: 0, check: expectListed },
    { code: 0, check: expectListed },
  ],
  embedding: [
    { code: 0, check: expectEmbed },
    { code: 0, check: expectEmbed },
  ],
  'an SAE set with metadata': [
    { code: 0, check: (store) => expectSet(store, '1-your-sae-32k', decoder) },
    { code: 0, check: (store) => expectSet(store, '1-your-sae-32k') },
  ],
  'one SAE feature': [
    { code: 0, check: (store) => expect(store.of('2-my-sae-16k').map(({ index }) => index)).toEqual([1234]) },
    withoutExamples('2-my-sae-16k'),
  ],
  'batches of 100': [
    { code: 0, check: (store) => expectSet(store, '1-in-batches', decoder) },
    { code: 0, check: (store) => expectSet(store, '1-in-batches') },
  ],
  crosscoders: [{ code: 0, check: expectHeads }, withoutExamples('13-my-crosscoder')],
  transcoders: [{ code: 0, check: expectTranscoder }, withoutExamples('13-my-transcoder')],
  'probes and concepts': [{ code: 0, check: expectProbe }, stored('Truthfulness Probe')],
  'private uploads': [
    { ...stored('Mine alone', { visibility: 'private', vector: refusal }), key: 'sandbox-paid' },
    refused(6, (store) => store.named('Mine alone'), 'private'),
  ],
  'another licence': [kept('Free', { license: 'CC0-1.0' }), stored('Free')],
  [daily]: [
    { code: 8, key: 'sandbox-free', check: (store) => expect(store.of('%-every-layer')).toHaveLength(1000) },
    { code: 0, check: (store) => expect(store.of('%-every-layer')).toHaveLength(1536) },
  ],
  'a matrix of every feature': [
    { code: 0, check: (store) => expect(vectorsOf(store, '1-my-experimental-sae')).toEqual(decoder) },
    withoutExamples('1-my-experimental-sae'),
  ],
  '"Invalid vector dimension"': [
    refused(6, (store) => store.named('Too short'), 'gemma-2-2b is 2304 wide'),
    refused(6, (store) => store.named('Too short'), 'gemma-2-2b is 2304 wide'),
  ],
  '"Rate limit exceeded"': [
    refused(8, (store) => store.named('One too many'), 'support@neuronpedia.org', 'sandbox-free'),
    stored('One too many'),
  ],
  '"Authentication failed"': [
    refused(4, (store) => store.named('No such key'), 'neuronpedia login', 'no-such-key'),
    refused(4, (store) => store.named('No such key'), 'neuronpedia login', 'no-such-key'),
  ],
};

test("the README's upload page table and the expectations here have the same rows", () => {
  expect(pageRows().map(({ name }) => name)).toEqual(Object.keys(expectations));
});

for (const [position, kind] of (['a server with the upload protocol', 'the public server'] as const).entries()) {
  test.concurrent(`every command in the README's upload page table does what is expected on ${kind}`, async ({
    home,
    expect: expectHere,
  }) => {
    writePageFiles(home.folder);
    let now = new Date('2026-11-22T12:00:00Z');
    const data = join(home.folder, 'data');
    const server = home.own(await startSandbox({ dataDir: data, public: position === 1, now: () => now }));
    const store = storeAt(data, server);
    let id = '';
    let nextDay: (() => Promise<Ran>) | undefined;
    for (const { name, args, stdin } of pageRows()) {
      const { code, key = 'sandbox-bulk', check } = (expectations[name] as readonly Expected[])[position] as Expected;
      const words = args.map((word) => word.replace(/^ID/, id));
      const input = stdin === undefined ? {} : { stdin: readFileSync(join(home.folder, stdin), 'utf8') };
      const options = { cwd: home.folder, env: { NEURONPEDIA_API_KEY: key }, ...input };
      const ran = await home.runAt(server.url, words, options);
      expectHere({ name, code: ran.code, stderr: ran.stderr }).toMatchObject({ name, code });
      check?.(store, ran);
      id ||= ran.stdout.trim();
      if (code === 8 && name === daily) nextDay = () => home.runAt(server.url, words, options);
    }
    now = new Date('2026-11-23T00:00:01Z');
    if (nextDay) expectHere(await nextDay()).toMatchObject({ code: 0 });
    expectHere(store.of('%-every-layer')).toHaveLength(1536);
  });
}

function storeAt(data: string, { url }: Sandbox): Store {
  return {
    data,
    url,
    named: (name) => storedFeatures(data).filter(({ label }) => label === name),
    of: (source) => storedFeatures(data, source),
    query: (sql) => queryStore(data, sql),
  };
}

const vectorsOf = (store: Store, source: string) => store.of(source).map(({ vector }) => vector);

async function rowsOfDecoder(): Promise<string[]> {
  const { rowsOf } = await import('./fixtures.ts');
  return rowsOf(fixture('sae-tiny-encodings/W_dec.npy'));
}

function expectDashboard(store: Store, metadata?: object): void {
  const [row] = store.named('My Custom Feature');
  if (metadata) expect(row).toMatchObject({ vector: refusal, details: { metadata } });
  const tokens = store.query(
    `SELECT tokens FROM activations JOIN features ON features.id = feature_id WHERE label = 'My Custom Feature' ORDER BY 1`,
  );
  expect(tokens.map((one) => JSON.parse(one.tokens))).toEqual([[' no'], ['a', ' king', 's']]);
}

/** Checks that activation testing prints the tokens of the text and stores no second vector. */
function expectTested(store: Store, ran: Ran): void {
  expect(ran.stdout).toMatch(/no.*king/s);
  expect(store.named('My Custom Vector')).toHaveLength(1);
}

function expectExplained(store: Store, name: string, method: string, score?: string): void {
  const rows = store.query(
    `SELECT explanations.method_name AS method, type_name AS score FROM explanations
     JOIN features ON features.id = feature_id LEFT JOIN explanation_scores ON explanation_id = explanations.id
     WHERE label = '${name}'`,
  );
  expect(rows).toMatchObject([{ method, score: score ?? null }]);
}

/** Checks that each text is under its name, and is what the sandbox's stand-in for a model says. */
function expectSteered(_store: Store, ran: Ran): void {
  const said = (type: string) => `${type}\n ?\\[sandbox stand-in, no model: ${type} [0-9a-f]{12}\\]\n`;
  expect(ran.stdout).toMatch(new RegExp(`^${said('default')}\n${said('steered')}$`));
}

function expectListed(store: Store): void {
  const sql = `SELECT label FROM list_features JOIN lists ON lists.id = list_id JOIN features ON features.id = feature_id
    WHERE lists.name = 'Refusal directions'`;
  expect(store.query(sql)).toMatchObject([{ label: 'Listed' }]);
}

function expectEmbed(store: Store, ran: Ran): void {
  expect(ran.stdout).toContain(`${store.url}/gpt2-small/6-neuronpedia-resid-post/`);
  expect(ran.stdout).toContain('embed=true');
}

/** Checks all 512 features and their examples; given `vectors`, also those and, in the 32k set, some metadata. */
function expectSet(store: Store, source: string, vectors?: readonly string[]): void {
  const rows = store.of(source);
  expect(rows).toHaveLength(512);
  const sql = `SELECT count(*) AS n FROM activations JOIN features ON features.id = feature_id WHERE source = '${source}'`;
  expect(store.query(sql)).toMatchObject([{ n: 1536 }]);
  if (!vectors) return;
  expect(rows.map(({ vector }) => vector)).toEqual(vectors);
  if (!source.endsWith('32k')) return;
  expect(rows[15]?.details).toMatchObject({ name: "raises 'mult'", metadata: { max_activation: 3.5142, dead: false } });
}

function expectHeads(store: Store): void {
  const rows = store.of('13-my-crosscoder');
  const first = (head: number) => hexOf(Array.from({ length: 2304 }, (_, i) => head * 5 * 2304 + i));
  expect(rows.map(({ model, index, kind }) => `${kind} ${model} ${index}`)).toEqual(
    ['gemma-2-2b', 'gemma-2-2b-it'].flatMap((model) => [0, 1, 2, 3, 4].map((i) => `crosscoder ${model} ${i}`)),
  );
  expect([rows[0]?.vector, rows[5]?.vector]).toEqual([first(0), first(1)]);
}

function expectTranscoder(store: Store): void {
  const rows = store.of('13-my-transcoder');
  expect(rows).toHaveLength(4);
  expect(rows[0]).toMatchObject({
    kind: 'transcoder',
    hookName: 'blocks.13.hook_mlp_out',
    common: { hookNameIn: 'blocks.13.ln2.hook_normalized' },
  });
}

function expectProbe(store: Store): void {
  const [row] = store.named('Truthfulness Probe');
  expect(row).toMatchObject({ kind: 'probe', details: { concept: 'truthfulness' } });
  expect(row?.details.bias).toBeTypeOf('number');
}
