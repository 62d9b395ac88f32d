import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { npyImage } from '../fixtures.ts';
import { some } from '../some.ts';
import { expectFailure, expectJsonFailure, hintsOf } from './failures.ts';
import { fixture, npyFile, tinySae } from './fixtures.ts';
import { type Home, test } from './home.ts';
import { everythingIn } from './sandbox-process.ts';

const bare = fixture('sae-tiny-encodings/W_dec.npy');
const wide = fixture('vectors/random-768-f32.npy');
const bareSae = (...more: string[]) => ['upload-sae', bare, '--sae-id', 'x', ...more];
const vector = (...more: string[]) => ['upload-vector', wide, '--name', 'x', ...more];

interface Bad {
  what: string;
  args: string[] | ((home: Home) => string[]);
  code: number;
  /** What stderr must contain or match. */
  says: (string | RegExp)[];
  /** Whether the error comes only after the plan, which with `--json` is a document of its own. */
  isLate?: true;
}

const bad: Bad[] = [
  {
    what: 'a vector that is not as wide as the model',
    args: vector('--model', 'tiny-kjv-4l', '--layer', '1'),
    code: 6,
    says: ['768', '64', 'tiny-kjv-4l'],
  },
  {
    what: 'an SAE of width 2048 for gemma-2-2b',
    args: (home) => {
      const file = home.file(
        'gemma.npy',
        npyFile([4, 2048], (position) => position),
      );
      return ['upload-sae', file, '--model', 'gemma-2-2b', '--layer', '1', '--orientation', 'rows', '--sae-id', 'x'];
    },
    code: 6,
    says: ['2304', '2048', 'gemma-2b'],
  },
  {
    what: 'a matrix without an axis as wide as the model',
    args: bareSae('--model', 'gpt2-small', '--layer', '1'),
    code: 6,
    says: ['512', '64', '768'],
  },
  {
    what: 'a link to a file that no longer exists',
    args: (home) => {
      symlinkSync(`${home.folder}/blobs/0a1b`, `${home.folder}/W_dec.npy`);
      return ['upload-sae', `${home.folder}/W_dec.npy`, '--model', 'tiny-kjv-4l', '--layer', '1', '--sae-id', 'x'];
    },
    code: 6,
    says: ['W_dec.npy: no such file', 'it is a link to', 'blobs/0a1b, which does not exist'],
  },
  {
    what: 'a link that leads back to itself',
    args: (home) => {
      symlinkSync(`${home.folder}/there.npy`, `${home.folder}/here.npy`);
      symlinkSync(`${home.folder}/here.npy`, `${home.folder}/there.npy`);
      return ['upload-sae', `${home.folder}/here.npy`, '--model', 'tiny-kjv-4l', '--layer', '1', '--sae-id', 'x'];
    },
    code: 6,
    says: ['there.npy, which leads back to it (ELOOP)'],
  },
  {
    what: 'a device',
    args: ['upload-vector', '/dev/null', '--name', 'x', '--model', 'tiny-kjv-4l', '--layer', '1'],
    code: 6,
    says: ['/dev/null: is not a regular file', 'save it to a file first', 'on standard input: upload-vector -'],
  },
  {
    what: 'an empty path',
    args: ['upload-sae', '', '--model', 'tiny-kjv-4l', '--layer', '1', '--sae-id', 'x'],
    code: 2,
    says: ['the path is empty', 'is that set?'],
  },
  {
    what: 'a path that is given twice',
    args: ['upload-sae', tinySae, `${tinySae}/../sae-tiny/`, '--sae-id', 'x'],
    code: 2,
    says: [`sae-tiny/ is given twice, the first time as ${tinySae}`],
  },
  {
    what: 'standard output as the receipt',
    args: bareSae('--model', 'tiny-kjv-4l', '--layer', '1', '--receipt', '-'),
    code: 6,
    says: ['-: the receipt cannot be written (it would replace standard output)', '--receipt receipt.jsonl'],
  },
  {
    what: 'standard output as the receipt, by its name as a device',
    args: vector('--model', 'tiny-kjv-4l', '--layer', '1', '--receipt', '/dev/stdout'),
    code: 6,
    says: ['/dev/stdout: the receipt cannot be written (it would replace standard output)'],
  },
  {
    what: 'a square matrix without an orientation',
    args: (home) => {
      const file = home.file(
        'square.npy',
        npyFile([64, 64], (position) => position),
      );
      return ['upload-sae', file, '--model', 'tiny-kjv-4l', '--layer', '1', '--sae-id', 'x'];
    },
    code: 6,
    says: ['--orientation rows', '--orientation columns'],
  },
  {
    what: 'a misspelt hook',
    args: bareSae('--model', 'tiny-kjv-4l', '--layer', '1', '--hook', 'residpost'),
    code: 2,
    says: ['--hook residpost', 'did you mean resid-post?'],
  },
  {
    what: 'a folder as the receipt',
    args: (home) => bareSae('--model', 'tiny-kjv-4l', '--layer', '1', '--receipt', home.folder),
    code: 6,
    says: ['the receipt cannot be written (it is a folder)', 'receipt.jsonl'],
  },
  {
    what: 'the weights file as the receipt',
    args: (home) => {
      const file = home.file(
        'W.npy',
        npyFile([8, 64], (position) => position),
      );
      const place = ['--orientation', 'rows', '--model', 'tiny-kjv-4l', '--layer', '1', '--sae-id', 'x'];
      return ['upload-sae', file, ...place, '--receipt', file];
    },
    code: 6,
    says: ['W.npy: the receipt cannot be written (the file there is not a receipt)', 'name another file'],
  },
  {
    what: 'a vector of integers',
    args: (home) => {
      const data = Buffer.alloc(768 * 8);
      const file = home.file('whole.npy', npyImage('<i8', false, [768], data));
      return ['upload-vector', file, '--name', 'x', '--model', 'gpt2-small', '--layer', '1'];
    },
    code: 6,
    says: ['holds no floating-point numbers', 'I64', '.astype(np.float32)'],
  },
  {
    what: 'a vector with NaN',
    args: (home) => {
      const file = home.file(
        'nan.npy',
        npyFile([768], () => Number.NaN),
      );
      return ['upload-vector', file, '--name', 'x', '--model', 'gpt2-small', '--layer', '1'];
    },
    code: 6,
    says: ['NaN', 'nothing was sent; values are sent as float32'],
  },
  {
    what: 'a misspelt model',
    args: vector('--model', 'gpt2-smal', '--layer', '1'),
    code: 6,
    says: ['"gpt2-smal"', /did you mean .*gpt2-small/],
  },
  {
    what: 'a model under a name that Neuronpedia does not use',
    args: vector('--model', 'google/gemma-2-2b', '--layer', '1'),
    code: 6,
    says: [/did you mean .*gemma-2-2b/],
  },
  {
    what: 'a layer that the model does not have',
    args: vector('--model', 'gpt2-small', '--layer', '12'),
    code: 6,
    says: ['layer 12', '0 to 11'],
  },
  {
    what: 'a bare matrix without a model',
    args: bareSae('--layer', '1'),
    code: 6,
    says: ['--model'],
  },
  {
    what: 'a bare matrix without a layer',
    args: bareSae('--model', 'tiny-kjv-4l'),
    code: 6,
    says: ['--layer'],
  },
  {
    what: 'a layer that contradicts the hook',
    args: ['upload-sae', tinySae, '--sae-id', 'x', '--layer', '2'],
    code: 6,
    says: ['layer 2', 'blocks.1.hook_resid_post'],
  },
  {
    what: 'an invalid name for a source set',
    args: ['upload-sae', tinySae, '--sae-id', 'My_SAE'],
    code: 2,
    says: ['My_SAE', /hint: .*--sae-id my-sae/],
  },
  {
    what: 'a feature range beyond the last feature',
    args: ['upload-sae', tinySae, '--sae-id', 'x', '--features', '500-512'],
    code: 6,
    says: ['512', '0 to 511'],
  },
  {
    what: 'a tensor that does not exist',
    args: ['upload-sae', tinySae, '--sae-id', 'x', '--tensor', 'W_deck'],
    code: 6,
    says: ['W_deck', 'W_dec F32'],
  },
  {
    what: 'an SAE file that does not exist',
    args: ['upload-sae', 'no/such/file.npy', '--sae-id', 'x'],
    code: 6,
    says: ['no/such/file.npy'],
  },
  {
    what: 'a vector file that does not exist',
    args: ['upload-vector', 'no/such/file.npy', '--name', 'x', '--model', 'gpt2-small', '--layer', '1'],
    code: 6,
    says: ['no/such/file.npy'],
  },
  {
    what: 'a folder as a vector',
    args: ['upload-vector', tinySae, '--name', 'x', '--model', 'gpt2-small', '--layer', '1'],
    code: 6,
    says: ['sae-tiny'],
  },
  {
    what: 'a matrix as a vector',
    args: ['upload-vector', bare, '--name', 'x', '--model', 'tiny-kjv-4l', '--layer', '1'],
    code: 6,
    says: ['[512, 64]', 'upload-sae'],
  },
  {
    what: 'a vector as an SAE',
    args: ['upload-sae', wide, '--sae-id', 'x', '--model', 'gpt2-small', '--layer', '1'],
    code: 6,
    says: [/hint: .*upload-vector/],
  },
  {
    what: 'a state folder that cannot be created',
    args: (home) => {
      home.file('state', 'a file');
      return ['upload-sae', tinySae, '--sae-id', 'x'];
    },
    code: 12,
    isLate: true,
    says: ['state', /hint: .*NEURONPEDIA_STATE_DIR/],
  },
  {
    what: 'a receipt in a folder that does not exist',
    args: ['upload-sae', tinySae, '--sae-id', 'x', '--receipt', 'no/such/folder/receipt.jsonl'],
    code: 6,
    says: ['no/such/folder/receipt.jsonl', /hint: nothing was sent/],
  },
  {
    what: 'an empty folder',
    args: (home) => {
      mkdirSync(`${home.folder}/empty`);
      return ['upload-sae', `${home.folder}/empty`, '--sae-id', 'x'];
    },
    code: 6,
    says: ['no SAE', 'it holds no files'],
  },
  {
    what: 'a folder without an SAE',
    args: (home) => {
      mkdirSync(`${home.folder}/other`);
      writeFileSync(`${home.folder}/other/notes.txt`, 'n');
      return ['upload-sae', `${home.folder}/other`, '--sae-id', 'x'];
    },
    code: 6,
    says: ['no SAE', 'notes.txt', 'sae_weights.safetensors'],
  },
];

describe.concurrent('input that cannot be uploaded', () => {
  for (const [i, { what, args, code, says, isLate }] of some([...bad.entries()], 3)) {
    test(`${what} is refused with exit code ${code} and a reason, and nothing is stored`, async ({ home, server }) => {
      const words = typeof args === 'function' ? args(home) : args;
      // All errors are written by the same code, so each case is run in only one of the two forms.
      const json = i % 2 === 1 && !isLate;
      const ran = await home.runAt(server.url, json ? [...words, '--json'] : words);
      if (json) expectJsonFailure(ran, code);
      else expectFailure(ran, code);
      for (const said of says) expect(ran.stderr).toMatch(typeof said === 'string' ? quoted(said) : said);
      if (says.some((said) => said instanceof RegExp)) expect(hintsOf(ran)).not.toEqual([]);
      expect(everythingIn(server.data).flat()).toEqual([]);
    });
  }
});

function quoted(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
}
