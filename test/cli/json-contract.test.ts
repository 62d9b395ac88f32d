import { stripVTControlCharacters } from 'node:util';
import { describe, expect } from 'vitest';
import { commandSpecs } from '../../src/cli/command-specs.ts';
import { startSandbox } from '../../src/sandbox/index.ts';
import type { UploadEvent } from '../../src/upload/events.ts';
import { npyFile } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { runHere } from './in-process.ts';
import { type JsonCase, jsonCases, type Made } from './json-contract.ts';
import { describedParts, documentedFields } from './json-documents.ts';
import { documentsOf, type Json } from './run-cli.ts';

/** Fields that no case here produces: crosscoders and transcoders, a sweep that fails in part, servers with limits. */
const rareFields = new Set([
  ...['plan', 'summary of upload-sae: jobs with --dry-run'].flatMap((name) => [`${name}: head`, `${name}: hookIn`]),
  ...['upload-vector', 'upload-sae: jobs'].flatMap((name) => [
    `summary of ${name}: notExplained`,
    `summary of ${name}: afterwards`,
  ]),
  ...['code', 'exitCode', 'message', 'hint'].map((field) => `summary of upload-sae: jobs: ${field}`),
  'summary of delete: resume_at',
  'summary of upload-sae: jobs: dead',
  'summary of upload-sae: jobs: unknown',
  'summary of upload-sae: jobs: withoutExamples',
  'summary of upload-sae: jobs with --dry-run: shard',
  ...['shard', 'why', 'resume_at'].map((field) => `job: ${field}`),
  'summary of upload-vector: resume_at',
  'summary of upload-sae: jobs: resume_at',
  'summary of delete: namelessRows',
  'steer: remaining',
]);

const names = commandSpecs.map(({ name }) => name);

/** Events that need a failing or a slow server, with the fields of their type. */
const rareEvents: readonly (UploadEvent & { source: string })[] = [
  { type: 'retry', wait_s: 1, attempt: 1, why: '', source: '' },
  { type: 'waiting', until: '', why: '', source: '' },
  { type: 'pacing', left: 1, need: 1, interval_s: 1, source: '' },
  { type: 'quarantined', row: 1, index: 1, why: '', source: '' },
  { type: 'warning', message: '', source: '' },
  { type: 'progress', confirmed: 1, total: 1, quota: { reach: 1, resumeAt: null, days: 1 }, source: '' },
];

async function run({ home }: Made, url: string, { args, stdin, key, untilListening }: JsonCase) {
  const stop = new AbortController();
  return runHere(['--json', ...args], {
    env: { ...home.env, NEURONPEDIA_API_URL: url, NEURONPEDIA_API_KEY: key ?? 'sandbox-bulk' },
    stop: stop.signal,
    ...(stdin !== undefined && { stdin }),
    onStdout: () => untilListening && stop.abort(),
  });
}

/** Checks what must hold of any run, and returns the documents on its stdout. */
function checked(ran: Awaited<ReturnType<typeof run>>, { args, code, last }: JsonCase): Json[] {
  const what = args.join(' ');
  expect.soft({ what, code: ran.code, stderr: ran.stderr }).toMatchObject({ code });
  expect(ran.stdout, what).toBe(stripVTControlCharacters(ran.stdout));
  expect(ran.stdout, what).not.toContain('\r');
  const documents = documentsOf(ran);
  for (const document of documents) expect(document, what).toMatchObject({ v: 1, type: expect.any(String) });
  const types = documents.map(({ type }) => type);
  expect.soft({ what, last: types.at(-1) }).toEqual({ what, last });
  expect(types.filter((type) => type === 'summary' || type === 'error').length, what).toBeLessThanOrEqual(1);
  if (!args[0]?.startsWith('upload')) expect(types, what).toHaveLength(1);
  if (last === 'error') expect(documents.at(-1), what).toMatchObject({ exitCode: code });
  return documents;
}

/** Runs every case of every command against one server, and returns what each printed. */
async function walk(home: Home): Promise<[command: string, document: Json][]> {
  const { url } = home.own(await startSandbox({ dataDir: `${home.folder}/server` }));
  const gaps = npyFile([3, 768], (i) => (i === 800 ? Number.NaN : Math.sin(i)));
  const texts = home.file('texts.jsonl', '{"tokens":["a"," king"],"values":[0,2]}\n');
  const made: Made = { home, texts, gappy: home.file('gappy.npy', gaps), id: '', job: '' };
  const printed: [string, Json][] = [];
  for (const name of names) {
    for (const one of jsonCases[name]?.(made) ?? []) {
      const documents = checked(await run(made, url, one), one);
      printed.push(...documents.map((document): [string, Json] => [name, document]));
      const { id, job } = documents.at(-1);
      if (name === 'upload-vector' && id) Object.assign(made, { id, job });
    }
  }
  return printed;
}

describe('with --json', () => {
  test('the cases have a success and a usage error for every command', ({ home }) => {
    expect(Object.keys(jsonCases).sort()).toEqual([...names].sort());
    const made: Made = { home, texts: '', gappy: '', id: 'm/1-s/1', job: '' };
    for (const [name, cases] of Object.entries(jsonCases)) {
      const ends = cases(made).map(({ code, last }) => `${code} ${last === 'error' ? 'error' : 'result'}`);
      expect(ends, name).toEqual(expect.arrayContaining(['0 result', '2 error']));
      expect(ends, name).not.toContain('0 error');
    }
  });

  test('stdout is JSON in every case, and each document has the fields that the README names', async ({ home }) => {
    const documented = documentedFields();
    const seen = new Map<string, Set<string>>();
    const help = await runHere(['help', '--json'], { env: {} });
    const ofOne = await runHere(['upload-sae', '--help', '--json'], { env: {} });
    const version = await runHere(['--version', '--json'], { env: {} });
    const printed: [string, Json][] = [
      ...(await walk(home)),
      ...rareEvents.map((event): [string, Json] => ['', { v: 1, ...event }]),
    ];
    for (const ran of [help, ofOne, version]) printed.push(['', documentsOf(ran)[0]]);
    for (const [name, part] of printed.flatMap(([command, document]) => describedParts(command, document))) {
      const { always, sometimes } = documented.get(name) ?? { always: new Set(), sometimes: new Set() };
      const fields = Object.keys(part).filter((field) => field !== 'v' && field !== 'type');
      expect.soft(documented.has(name), `the README says nothing of "${name}": ${fields.join(', ')}`).toBe(true);
      expect
        .soft({ name, unknown: fields.filter((field) => !always.has(field) && !sometimes.has(field)) })
        .toEqual({ name, unknown: [] });
      expect
        .soft({ name, missing: [...always].filter((field) => !fields.includes(field)) })
        .toEqual({ name, missing: [] });
      seen.set(name, new Set([...(seen.get(name) ?? []), ...fields]));
    }
    const ghosts = [...documented].flatMap(([name, { sometimes }]) =>
      [...sometimes].filter((field) => !seen.get(name)?.has(field)).map((field) => `${name}: ${field}`),
    );
    expect(ghosts.filter((ghost) => !rareFields.has(ghost))).toEqual([]);
    expect([...documented.keys()].filter((name) => !seen.has(name))).toEqual([]);
  });
});
