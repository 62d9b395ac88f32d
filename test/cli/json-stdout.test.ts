import { describe, expect } from 'vitest';
import { fixture, tinySae } from './fixtures.ts';
import { test } from './home.ts';
import { documentsOf } from './run-cli.ts';

const place = ['--model', 'gpt2-small', '--layer', '2'];
const vector = fixture('vectors/random-768-f32.npy');

interface Row {
  args: string[];
  stdin?: string;
  env?: Record<string, string>;
  code: number;
  /** Types of the documents, in order; or of the last one, where there are events before it. */
  types?: string[];
  last?: string;
}

const refused = { NEURONPEDIA_API_KEY: 'no-such-key' };
const rows: Row[] = [
  { args: ['login', '--with-token'], stdin: 'sandbox-free', code: 0, types: ['login'] },
  { args: ['login'], code: 2, types: ['error'] },
  { args: ['logout'], code: 0, types: ['logout'] },
  { args: ['logout', '--api-url', 'nowhere'], code: 2, types: ['error'] },
  { args: ['status'], code: 0, types: ['status'] },
  { args: ['status', '--verbose'], env: refused, code: 4, types: ['status'] },
  { args: ['status', 'gpt2-small/1-none/1'], code: 6, types: ['error'] },
  { args: ['upload-vector', vector, ...place, '--name', 'json'], code: 0, last: 'summary' },
  { args: ['upload-vector', vector, ...place, '--name', 'json', '--dry-run'], code: 0, last: 'summary' },
  { args: ['upload-vector', vector, ...place, '--name', 'x'], env: refused, code: 4, types: ['error'] },
  { args: ['upload-sae', tinySae, '--sae-id', 'json', '--features', '0-9', '--verbose'], code: 0, last: 'summary' },
  { args: ['upload-sae', tinySae, '--sae-id', 'json', '--quiet', '--dry-run'], code: 0, last: 'summary' },
  { args: ['upload-sae', tinySae, '--sae-id', 'x', '--features', '512'], code: 6, last: 'error' },
  { args: ['steer', 'gpt2-small/1-none/1', '--prompt', 'x', '--verbose'], code: 6, types: ['error'] },
  { args: ['delete', 'gpt2-small/1-none/1', '--yes', '--verbose'], code: 0, types: ['summary'] },
  { args: ['delete', 'gpt2-small/1-none/1'], code: 2, types: ['error'] },
  { args: ['inspect', tinySae], code: 0, types: ['inspect'] },
  { args: ['inspect', tinySae, '--tensor', 'none', '--strict'], code: 6, types: ['error'] },
  { args: ['sandbox', '--port', 'any'], code: 2, types: ['error'] },
  { args: ['no-such-command'], code: 2, types: ['error'] },
  { args: [], code: 2, types: ['error'] },
];

describe.concurrent('with --json stdout holds JSON and nothing else', () => {
  for (const { args, stdin, env, code, types, last } of rows) {
    const title = [...Object.values(env ?? {}), ...args].map((word) => word.split('/').at(-1)).join(' ');
    test(`for "${title}"`, async ({ home, server }) => {
      const theServer = { NEURONPEDIA_API_URL: server.url, NEURONPEDIA_API_KEY: 'sandbox-bulk' };
      const ran = await home.run(['--json', ...args], { env: { ...theServer, ...env }, ...(stdin && { stdin }) });
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
