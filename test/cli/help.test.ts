import { readFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { commandSpecs } from '../../src/cli/command-specs.ts';
import { flagOf } from '../../src/cli/options.ts';
import { parseCommandLine } from '../../src/cli/program.ts';
import { test } from './home.ts';

/** Returns the help that some words print on a terminal of a given width. */
async function helpOf(words: readonly string[], columns: number | undefined): Promise<string> {
  let text = '';
  const write = { out: (more: string) => (text += more), err: () => undefined, json: false, columns };
  expect(await parseCommandLine(words, '0.0.0', write)).toBeUndefined();
  return text;
}

describe('--help', () => {
  for (const spec of commandSpecs) {
    test(`of ${spec.name} shows its examples first, then its options, and its exit codes last`, async () => {
      const help = await helpOf([spec.name, '--help'], 100);
      expect(await helpOf(['help', spec.name], 100)).toBe(help);
      expect(help).toMatch(/^Usage: neuronpedia /);
      const headings = [...help.matchAll(/^(\S.*):$/gm)].map(([, heading]) => heading);
      expect([headings[0], headings.at(-2), headings.at(-1)]).toEqual(['Examples', 'Global options', 'Exit codes']);
      const joined = help.replace(/ \\\n +/g, ' ');
      for (const example of spec.examples) expect(joined).toContain(`$ ${example}\n`);
      for (const name of spec.options) expect(help).toContain(flagOf(name));
      for (const code of spec.exitCodes) expect(help).toMatch(new RegExp(`^  ${code} +\\S`, 'm'));
    });

    test(`of ${spec.name} fits the terminal and is at most 100 columns wide`, async () => {
      for (const [columns, most] of [
        [60, 60],
        [80, 80],
        [undefined, 80],
        [200, 100],
      ] as const) {
        for (const line of (await helpOf([spec.name, '--help'], columns)).split('\n')) {
          // A URL or the name of a feature in an example cannot be broken.
          if (!/https:\/\/|\$ /.test(line)) expect(line.length).toBeLessThanOrEqual(most);
          expect(line).toBe(line.trimEnd());
        }
      }
    });
  }

  test('without a command lists every command', async ({ home }) => {
    const ran = await home.run(['--help']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    for (const { name } of commandSpecs) expect(ran.stdout).toContain(name);
  });
});

describe('--version', () => {
  test('prints the version of the package', async ({ home }) => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await home.run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});
