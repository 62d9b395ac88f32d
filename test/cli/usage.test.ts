import { describe, expect } from 'vitest';
import { expectFailure, expectJsonFailure, hintsOf } from './failures.ts';
import { tinySae } from './fixtures.ts';
import { test } from './home.ts';

const sae = ['upload-sae', tinySae, '--sae-id', 'x'];
const vector = ['upload-vector', 'v.npy', '--model', 'gpt2-small', '--layer', '1', '--name', 'x'];

/** What was typed, and what is said of it. */
const wrong: [string, string[], RegExp][] = [
  ['no command', [], /commands: .*upload-sae/],
  ['an unknown command', ['upload'], /'upload'/],
  ['a misspelt command', ['upload-sea', tinySae], /did you mean upload-sae/i],
  ['an unknown option', [...sae, '--nonsense'], /'--nonsense'/],
  ['a misspelt option', [...sae, '--orientaton', 'rows'], /did you mean --orientation/i],
  ['an option of another command', [...sae, '--strength', '3'], /'--strength'/],
  ['no PATH', ['upload-sae', '--sae-id', 'x'], /PATH/],
  ['no FILE', ['upload-vector', '--model', 'gpt2-small', '--layer', '1', '--name', 'x'], /FILE/],
  ['one word too many', ['status', 'a', 'b'], /too many arguments/],
  ['no --sae-id', ['upload-sae', tinySae], /--sae-id/],
  ['no --name', ['upload-vector', 'v.npy', '--model', 'gpt2-small', '--layer', '1'], /--name/],
  ['no --layer', ['upload-vector', 'v.npy', '--model', 'gpt2-small', '--name', 'x'], /--layer/],
  ['an option without its value', ['upload-sae', tinySae, '--sae-id'], /--sae-id/],
];

/** Values that their options do not take; each names option and value. */
const values: [string[], string, string][] = [
  [sae, '--layer', 'two'],
  [sae, '--layer', '1.5'],
  [sae, '--orientation', 'diagonal'],
  [sae, '--kind', 'probe'],
  [sae, '--features', '9-3'],
  [sae, '--batch-size', '129'],
  [sae, '--max-body', 'large'],
  [sae, '--settle-timeout', 'soon'],
  [sae, '--api-url', 'neuronpedia.org'],
  [vector, '--strength', '301'],
  [['sandbox'], '--port', '65536'],
];

describe.concurrent('a command line that cannot be understood', () => {
  for (const [what, words, said] of wrong) {
    test(`with ${what} exits with 2, says so and what to type`, async ({ home }) => {
      const ran = await home.run(words);
      expectFailure(ran, 2);
      expect(ran.stderr).toMatch(said);
      expect(hintsOf(ran)).not.toEqual([]);
    });
  }

  for (const [words, option, value] of values) {
    test(`with ${option} ${value} exits with 2 and names both`, async ({ home }) => {
      const ran = await home.run([...words, option, value, '--json']);
      expectJsonFailure(ran, 2);
      if (option !== '--api-url') expect(ran.stderr).toContain(option);
      expect(ran.stderr).toContain(`"${value}"`);
    });
  }

  test('with both --sandbox and --api-url exits with 2', async ({ home }) => {
    expectFailure(await home.run(['status', '--sandbox', '--api-url', 'https://neuronpedia.example.org']), 2);
  });

  test('with a hook that no steering vector has exits with 2', async ({ home }) => {
    const file = `${tinySae}/../vectors/random-768-f32.npy`;
    const place = ['--model', 'gpt2-small', '--layer', '1', '--name', 'x'];
    expectFailure(await home.run(['upload-vector', file, ...place, '--hook', 'mlp-out']), 2);
  });
});

describe.concurrent('global options', () => {
  test('mean the same before and after the command', async ({ home, server }) => {
    const env = { NEURONPEDIA_API_KEY: 'sandbox-bulk' };
    const url = ['--api-url', server.url];
    const [before, after] = await Promise.all([
      home.run([...url, '--json', 'status'], { env }),
      home.run(['status', ...url, '--json'], { env }),
    ]);
    expect(before).toEqual(after);
    expect(before.code).toBe(0);
  });
});
