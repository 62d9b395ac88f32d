import { describe, expect } from 'vitest';
import { expectFailure, expectJsonFailure, hintsOf } from './failures.ts';
import { tinySae } from './fixtures.ts';
import { test } from './home.ts';
import type { Ran } from './run-cli.ts';

const sae = ['upload-sae', tinySae, '--sae-id', 'x'];
const vector = ['upload-vector', 'v.npy', '--model', 'gpt2-small', '--layer', '1', '--name', 'x'];

/** What is wrong with a command line, what was typed, and what the error must say. */
const wrong: [string, string[], RegExp][] = [
  ['no command', [], /commands: .*upload-sae/],
  ['an unknown command', ['upload'], /'upload'/],
  ['a misspelt command', ['upload-sea', tinySae], /did you mean upload-sae/i],
  ['an unknown option', [...sae, '--nonsense'], /'--nonsense'/],
  ['a misspelt option', [...sae, '--orientaton', 'rows'], /did you mean --orientation/i],
  ['an option of another command', [...sae, '--strength', '3'], /'--strength'/],
  ['a value for a flag', [...sae, '--json=1'], /--json stands alone: it takes no value/],
  ['a key as an option', [...vector, '--api-key', 'k'], /keys are no options: .*NEURONPEDIA_API_KEY/],
  ['the public server flag of other commands', ['sandbox', '--sandbox-public'], /--public/],
  ['--include-found without a job', ['delete', 'a/b/1', '--include-found'], /--job JOB/],
  ['a blank name', [...vector.slice(0, -1), '  '], /--name.*expected some text/],
  ['a label for features that are not vectors', [...sae, '--label', 'x'], /--label names vectors.*\n.*--as vectors/],
  [
    'a label with an unknown field',
    [...sae, '--as', 'vectors', '--label', '{x} {Layer}'],
    /\{Layer\} is not a field that it can contain/,
  ],
  ['explanations without a limit', [...sae, '--auto-interp'], /--interp-limit N/],
  ['--interp-method and nothing to explain', [...vector, '--interp-method', 'eleuther'], /--auto-interp or --score/],
  ['no PATH', ['upload-sae', '--sae-id', 'x'], /PATH/],
  ['no FILE', ['upload-vector', '--model', 'gpt2-small', '--layer', '1', '--name', 'x'], /FILE/],
  ['one word too many', ['status', 'a', 'b'], /too many arguments/],
  ['no --sae-id', ['upload-sae', tinySae], /--sae-id/],
  ['no --name', ['upload-vector', 'v.npy', '--model', 'gpt2-small', '--layer', '1'], /--name/],
  ['no --layer', ['upload-vector', 'v.npy', '--model', 'gpt2-small', '--name', 'x'], /--layer/],
  ['an option without its value', ['upload-sae', tinySae, '--sae-id'], /--sae-id/],
];

/** Values that their options do not accept; the error names the value and, except for `--api-url`, the option. */
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
    test(`with ${what} exits with 2, says why and what to type`, async ({ home }) => {
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

  test('with a hook that steering vectors cannot have exits with 2', async ({ home }) => {
    const file = `${tinySae}/../vectors/random-768-f32.npy`;
    const place = ['--model', 'gpt2-small', '--layer', '1', '--name', 'x'];
    expectFailure(await home.run(['upload-vector', file, ...place, '--hook', 'mlp-out']), 2);
  });
});

describe.concurrent('a command without its required options', () => {
  const cases: [string[], RegExp, RegExp][] = [
    [
      ['upload-vector', './my dir/v.npy', '--sandbox'],
      /error: upload-vector needs --model ID, --layer N and --name TEXT\n/,
      /for example: neuronpedia upload-vector '.\/my dir\/v.npy' --sandbox --model ID --layer N --name "Refusal"\n/,
    ],
    [
      ['upload-probe', 'my.npz', '--model', 'gpt2-small'],
      /error: upload-probe needs --layer N, --name TEXT and --concept TEXT\n/,
      /for example: neuronpedia upload-probe my.npz --model gpt2-small --layer N --name "Refusal" --concept truthfulness\n/,
    ],
    [
      ['upload-sae', 'W.npy'],
      /error: upload-sae needs --sae-id NAME\n/,
      /for example: neuronpedia upload-sae W.npy --sae-id my-res-16k\n.*and --model ID and --layer N where the files do not/,
    ],
  ];
  for (const [words, said, example] of cases) {
    test(`names all of them, with an example for the same file: ${words.join(' ')}`, async ({ home }) => {
      const ran = await home.run(words);
      expectFailure(ran, 2);
      expect(ran.stderr).toMatch(said);
      expect(ran.stderr).toMatch(example);
    });
  }

  test('gives an example with --model if the file of upload-sae is a bare matrix', async ({ home }) => {
    const file = `${tinySae}-encodings/W_dec.npy`;
    const ran = await home.run(['upload-sae', file, '--sae-id', 'x', '--layer', '1', '--sandbox']);
    expectFailure(ran, 6);
    const again = `upload-sae ${file} --sae-id x --layer 1 --sandbox --model ID`;
    expect(ran.stderr).toContain(`hint: for example: neuronpedia ${again}\n`);
  });
});

describe.concurrent('global options', () => {
  test('after -- are taken as file names', async ({ home }) => {
    home.file('--json', '[0.1]');
    const options = ['--model', 'gpt2-small', '--layer', '1', '--name', 'x', '--sandbox', '--dry-run'];
    const ran = await home.run(['upload-vector', ...options, '--', '--json'], { cwd: home.folder });
    expect(ran).toMatchObject({ code: 6, stdout: '', stderr: expect.stringContaining('error: --json: ') });
  });

  test('mean the same before and after the command', async ({ home, server }) => {
    const env = { NEURONPEDIA_API_KEY: 'sandbox-bulk' };
    const url = ['--api-url', server.url];
    const [before, after] = await Promise.all([
      home.run([...url, '--json', 'status'], { env }),
      home.run(['status', ...url, '--json'], { env }),
    ]);
    const timeless = ({ stdout, ...ran }: Ran) => ({ ...ran, stdout: stdout.replace(/"asOf":"[^"]*"/, '') });
    expect(timeless(before)).toEqual(timeless(after));
    expect(before.code).toBe(0);
  });
});
