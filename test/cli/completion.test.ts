import { spawnSync } from 'node:child_process';
import { describe, expect } from 'vitest';
import { commandSpecs } from '../../src/cli/command-specs.ts';
import type { OptionSpec } from '../../src/cli/option-spec.ts';
import { optionSpecs } from '../../src/cli/option-specs.ts';
import { everywhere, flagOf, type OptionName } from '../../src/cli/options.ts';
import { test } from './home.ts';
import { runHere } from './in-process.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout } = await runHere(['completion', shell], { env: {} });
  expect(code).toBe(0);
  return stdout;
}

/** Runs a shell that must succeed without a word on stderr; returns its stdout. */
function ask(shell: string, args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(shell, [...args], { encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

const isInstalled = (shell: string) => spawnSync(shell, ['--version']).status === 0;

const commands = commandSpecs.map(({ name }) => name);

/** Words typed so far, the last one unfinished, and what is offered for it; undefined stands for files. */
const lines: readonly (readonly [words: readonly string[], offered: readonly string[] | undefined])[] = [
  [[''], commands],
  [['upload-'], commands.filter((name) => name.startsWith('upload-'))],
  [['--js'], ['--json']],
  [
    ['--api-url', 'https://np.example', 'log'],
    ['login', 'logout'],
  ],
  [['upload-sae', './my-sae', '--ki'], ['--kind']],
  [
    ['upload-sae', '--kind', ''],
    ['sae', 'transcoder', 'crosscoder'],
  ],
  [['upload-sae', '--kind', 'tr'], ['transcoder']],
  [['upload-vector', '--hook', 'resid-po'], ['resid-post']],
  [['upload-probe', '--raw'], ['--raw-space']],
  [['steer', '--raw'], []],
  [
    ['status', '--verif'],
    ['--verify', '--verify-rows'],
  ],
  [['completion', ''], [...shells]],
  [['upload-sae', ''], undefined],
  [['inspect', ''], undefined],
  [['upload-sae', 'x', '--activations', ''], undefined],
  [['upload-sae', 'x', '--model', ''], []],
  [['status', ''], []],
];

/** Returns the lines of a script that mention a flag, and no longer one that begins with it. */
const linesWith = (script: string, flag: string) =>
  script
    .split('\n')
    .filter((line) => new RegExp(`${flag}(?![\\w-])`).test(line))
    .join('\n');

/** Returns the words in single quotes, as zsh reads them. */
const quoted = (text: string) =>
  [...text.matchAll(/'((?:[^']|'\\'')*)'/g)].map(([, word = '']) => word.replaceAll("'\\''", "'"));

/** Returns what an argument of zsh's `_arguments` says without its texts: flag or operand, and action. */
function takenOf(spec: string): string {
  const [, flag, rest = ''] = /^(\*?--[\w-]+=?)\[(?:[^[\]\\]|\\.)*\](.*)$/s.exec(spec) ?? [];
  const [, which = flag, action] = /^([1*])?:(?:[^:\\]|\\.)*:(.*)$/s.exec(flag === undefined ? spec : rest) ?? [];
  return action === undefined ? `${which}` : `${which} ${action}`;
}

/** Returns the same for an option, by its specification. A blank action completes nothing. */
function zshSpec(name: OptionName): string {
  const { choices, repeatable, value }: OptionSpec = optionSpecs[name];
  const files: Record<string, string> = { FILE: '_files', PATH: '_files', DIR: '_files -/' };
  const action = choices ? `(${choices.join(' ')})` : (files[value ?? ''] ?? ' ');
  return `${repeatable ? '*' : ''}${flagOf(name)}${value === undefined ? '' : `= ${action}`}`;
}

describe('completion', () => {
  for (const shell of shells) {
    test(`for ${shell} has every command, option and choice`, async () => {
      const script = await scriptFor(shell);
      const flags = [...new Set([...commandSpecs.flatMap(({ options }) => options), ...everywhere])];
      const written = (name: OptionName) => (shell === 'fish' ? ` -l ${flagOf(name).slice(2)}` : flagOf(name));
      for (const name of flags) {
        expect(script).toMatch(new RegExp(`${written(name)}(?![\\w-])`));
        const { choices }: OptionSpec = optionSpecs[name];
        if (choices) expect(linesWith(script, written(name)), name).toContain(choices.join(' '));
      }
      for (const name of commands) expect(script).toMatch(new RegExp(`\\b${name}\\b`));
    });

    test.skipIf(!isInstalled(shell))(`for ${shell} is a script without syntax errors`, async ({ home }) => {
      ask(shell, ['-n', home.file('script', await scriptFor(shell))]);
    });
  }

  test.skipIf(!isInstalled('bash'))('offers in bash exactly what can come next', async () => {
    const script = await scriptFor('bash');
    for (const [words, offered] of lines) {
      const typed = ['neuronpedia', ...words];
      // `compopt` is an error outside a completion; this stand-in notes that no files are wanted.
      const given = `compopt() { files=no; }; files=yes; COMP_WORDS=(${typed.map((word) => `'${word}'`).join(' ')})`;
      const call = `COMP_CWORD=${words.length}; _neuronpedia; printf '%s\\n' "\${COMPREPLY[@]}" "$files"`;
      const [files, ...found] = ask('bash', ['-c', `${script}\n${given}\n${call}`])
        .trim()
        .split('\n')
        .reverse();
      const own = found.reverse().filter(Boolean);
      const isWord = offered === undefined || (own.length === 0 && !words.at(-1)?.startsWith('-'));
      expect({ words, own }).toEqual({ words, own: offered ?? [] });
      if (isWord) expect({ words, files }).toEqual({ words, files: offered ? 'no' : 'yes' });
    }
  });

  test('tells zsh what each command takes: options, once or repeated, and the values of each', async () => {
    const script = await scriptFor('zsh');
    const block = (head: string, end: string) => new RegExp(`${head}(.*?)${end}`, 's').exec(script)?.[1] ?? '';
    expect(quoted(block('everywhere=\\(\\n', '\\n {2}\\)')).map(takenOf)).toEqual([
      ...[...everywhere.map(zshSpec), '--help', '--version'],
    ]);
    const operands: Record<string, string[]> = {
      'upload-vector': ['1 _files'],
      'upload-probe': ['1 _files'],
      'upload-sae': ['* _files'],
      inspect: ['1 _files'],
      completion: [`1 (${shells.join(' ')})`],
    };
    for (const { name, options } of commandSpecs) {
      const specs = quoted(block(`\\(${name}\\) _arguments \\$everywhere`, ' ;;'));
      expect({ name, specs: specs.map(takenOf).filter((spec) => !/^[1*] {2}$/.test(spec)) }).toEqual({
        name,
        specs: [...options.map(zshSpec), ...(operands[name] ?? [])],
      });
    }
  });

  test.skipIf(!isInstalled('bash'))('completes --option=value in bash, which splits it at the =', async () => {
    const script = await scriptFor('bash');
    const reply = (words: string, at: number) => {
      const given = `compopt() { echo no files; }; COMP_WORDS=(${words}); COMP_CWORD=${at}`;
      return ask('bash', ['-c', `${script}\n${given}; _neuronpedia; echo "\${COMPREPLY[*]}"`]);
    };
    expect(reply("neuronpedia upload-sae --as = ''", 4)).toBe('auto features vectors\n');
    expect(reply('neuronpedia upload-sae --as =', 3)).toBe('auto features vectors\n');
    expect(reply('neuronpedia upload-sae --as = v', 4)).toBe('vectors\n');
    // The bash of macOS keeps them as one word.
    expect(reply('neuronpedia upload-sae --as=v', 2)).toBe('vectors\n');
    // The value of --metadata contains a = of its own.
    expect(reply('neuronpedia upload-vector --metadata l0 =', 4)).toBe('no files\n\n');
    expect(reply('neuronpedia upload-vector --metadata l0 = 5', 5)).toBe('no files\n\n');
  });

  test.skipIf(!isInstalled('fish'))('offers in fish exactly what can come next', async ({ home }) => {
    const script = home.file('neuronpedia.fish', await scriptFor('fish'));
    for (const [words, offered] of lines) {
      const line = ['neuronpedia', ...words].join(' ');
      const found = ask('fish', ['--no-config', '-c', `cd ${home.folder}; source ${script}; complete -C '${line}'`]);
      const own = found
        .split('\n')
        .filter(Boolean)
        .map((entry) => entry.split('\t')[0]);
      expect({ words, own: own.sort() }).toEqual({ words, own: [...(offered ?? ['neuronpedia.fish'])].sort() });
    }
  });

  test('is refused for an unknown shell without repeating what was typed', async () => {
    const { code, stdout, stderr } = await runHere(['completion', 'zhs'], { env: {} });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('did you mean zsh?');
    expect(stderr).not.toContain('zhs');
  });
});
