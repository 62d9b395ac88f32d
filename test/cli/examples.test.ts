import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { commandSpecs } from '../../src/cli/command-specs.ts';
import { toolExamples } from '../../src/cli/help.ts';
import { startSandbox } from '../../src/sandbox/index.ts';
import { npyFile, tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { runHere } from './in-process.ts';
import { documentsOf } from './run-cli.ts';

const wave = (i: number) => Math.sin(i);

/** Makes the files that the examples name, in the shapes that their models need; returns the path of each. */
function filesOf({ folder, file }: Home): Record<string, string> {
  cpSync(tinySae, join(folder, 'my-sae'), { recursive: true });
  return {
    './my-sae': join(folder, 'my-sae'),
    'W_dec.npy': file('W_dec.npy', npyFile([4, 768], wave)),
    'refusal.npy': file('refusal.npy', npyFile([2048], wave)),
    'jedi.safetensors': file('jedi.safetensors', vectorFile('v', [768])),
    'probe.npz': file('probe.safetensors', vectorFile('weight', [1, 768])),
    'head.safetensors': file('head.safetensors', vectorFile('weight', [3, 768])),
  };
}

function vectorFile(name: string, shape: readonly number[]): Buffer {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => wave(i));
  const header = Buffer.from(JSON.stringify({ [name]: { dtype: 'F32', shape, data_offsets: [0, values.byteLength] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.from(values.buffer)]);
}

/** Splits a command line into words as a shell does, without what surrounds the command. */
function wordsOf(example: string): string[] {
  const line = example.slice(example.indexOf('neuronpedia') + 'neuronpedia'.length).replace(/\)"?$| > .*$/, '');
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? (plain as string));
}

const anId = /^[\w-]+\/[\w-]+\/\d+(@\d+)?$/;
const aJob = /^[0-9a-f]{16}$/;

const examples = [...toolExamples, ...commandSpecs.flatMap((spec) => spec.examples)];

describe('the examples in the help', () => {
  test('all run, on real files and against a sandbox', async ({ home }) => {
    const { url } = home.own(await startSandbox({ dataDir: join(home.folder, 'server') }));
    const env = { ...home.env, NEURONPEDIA_API_URL: url, NEURONPEDIA_API_KEY: 'sandbox-bulk' };
    let servers = 0;
    const run = (words: readonly string[]) => {
      const stop = new AbortController();
      const isServer = words[0] === 'sandbox';
      const onStdout = () => isServer && stop.abort();
      // A store of this process stays in use until its statements are collected: each server gets its own folder.
      const own = isServer && { NEURONPEDIA_CONFIG_DIR: join(home.folder, `server ${++servers}`) };
      return runHere(words, { env: { ...env, ...own }, stdin: 'sandbox-bulk', stop: stop.signal, onStdout });
    };
    const upload = ['upload-vector', home.file('v.npy', npyFile([768], wave)), '--model', 'gpt2-small', '--layer', '6'];
    const files = filesOf(home);
    for (const [i, example] of examples.entries()) {
      const typed = wordsOf(example);
      // What an example steers with, looks at or deletes must exist first.
      const needsOne = typed.some((word) => anId.test(word) || aJob.test(word));
      const made = needsOne && documentsOf(await run([...upload, '--name', `example ${i}`, '--json'])).at(-1);
      const words = typed.map((word) => placed(word, files, made));
      const isLogin = words[0] === 'login' && !words.includes('--with-token');
      const { code, stderr } = await run(words);
      expect({ example, code, stderr }).toMatchObject({ example, code: isLogin || needsYes(words) ? 2 : 0 });
    }
  });
});

/** Replaces a file, an id or a job in an example by one of this test, and the port 3000 by any free one. */
function placed(word: string, files: Record<string, string>, { id, job }: { id: string; job: string }): string {
  if (files[word] !== undefined) return files[word];
  if (anId.test(word)) return id + (/@\d+$/.exec(word)?.[0] ?? '');
  if (aJob.test(word)) return job;
  return word === '3000' ? '0' : word;
}

/** Whether the command asks for a confirmation that nobody here can give. */
function needsYes([command, ...words]: readonly string[]): boolean {
  return command === 'delete' && !words.includes('--yes');
}
