import { describe, expect } from 'vitest';
import { fixture, tinySae } from './fixtures.ts';
import { test } from './home.ts';
import { documentsOf } from './run-cli.ts';

const place = ['--model', 'gpt2-small', '--layer', '2'];
const vector = fixture('vectors/random-768-f32.npy');

interface Row {
  args: string[];
  env?: Record<string, string>;
  code: number;
  /** Types of all documents, in order; or only of the `last` one, if events come before it. */
  types?: string[];
  last?: string;
}

const refused = { NEURONPEDIA_API_KEY: 'no-such-key' };
// json-contract.ts has cases for each command, all run in one process; these are about what a process adds.
const rows: Row[] = [
  { args: ['status', '--verbose'], env: refused, code: 4, types: ['status'] },
  { args: ['upload-vector', vector, ...place, '--name', 'json'], code: 0, last: 'summary' },
  { args: ['upload-sae', tinySae, '--sae-id', 'json', '--features', '0-9', '--verbose'], code: 0, last: 'summary' },
  { args: ['upload-sae', '--no-such-option'], code: 2, types: ['error'] },
  { args: ['no-such-command'], code: 2, types: ['error'] },
  { args: [], code: 2, types: ['error'] },
  { args: ['--help'], code: 0, types: ['help'] },
  { args: ['upload-sae', '--help'], code: 0, types: ['help'] },
  { args: ['--version'], code: 0, types: ['version'] },
];

describe.concurrent('with --json, stdout holds nothing but JSON', () => {
  for (const { args, env, code, types, last } of rows) {
    const title = [...Object.values(env ?? {}), ...args].map((word) => word.split('/').at(-1)).join(' ');
    test(`for "${title}"`, async ({ home, server }) => {
      const theServer = { NEURONPEDIA_API_URL: server.url, NEURONPEDIA_API_KEY: 'sandbox-bulk' };
      const ran = await home.run(['--json', ...args], { env: { ...theServer, ...env } });
      expect(ran.code).toBe(code);
      const documents = documentsOf(ran);
      for (const document of documents) expect(document).toMatchObject({ v: 1, type: expect.any(String) });
      if (types) expect(documents.map(({ type }) => type)).toEqual(types);
      if (last) expect(documents.at(-1).type).toBe(last);
      const ends = documents.filter(({ type }) => type === 'summary' || type === 'error');
      expect(ends.length).toBeLessThanOrEqual(1);
      for (const { exitCode } of documents.filter(({ type }) => type === 'error')) expect(exitCode).toBe(code);
    });
  }
});
