import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandSpecs } from '../../src/cli/command-specs.ts';
import { exitMeanings } from '../../src/cli/exit-codes.ts';
import type { OptionSpec } from '../../src/cli/option-spec.ts';
import { optionSpecs } from '../../src/cli/option-specs.ts';
import { everywhere, flagOf, type OptionName } from '../../src/cli/options.ts';

/** Builds the README's tables of options from the declarations; options that all uploads take are listed once. */
function optionTables(): string {
  const commands = commandSpecs.filter(({ options }) => options.length > 0);
  const uploads = commands.filter(({ name }) => name.startsWith('upload-'));
  const needed = uploads.flatMap(({ required = [] }) => required);
  const isShared = (name: OptionName) =>
    !needed.includes(name) && uploads.every(({ options }) => options.includes(name));
  const tables = commands.map(({ name, options, required = [] }) => {
    const own = name.startsWith('upload-') ? options.filter((option) => !isShared(option)) : options;
    return `### ${name}\n\n${table(own, required)}`;
  });
  const shared = `### Every upload\n\n${table(uploads[0]?.options.filter(isShared) ?? [], [])}`;
  const after = commands.findLastIndex(({ name }) => name.startsWith('upload-')) + 1;
  const others = [...tables.slice(after), `### Global options\n\n${table(everywhere, [])}`];
  return [...tables.slice(0, after), shared, ...others].join('\n\n');
}

function table(names: readonly OptionName[], required: readonly OptionName[]): string {
  const rows = names.map((name) => {
    const { value, help }: OptionSpec = optionSpecs[name];
    const flag = value === undefined ? flagOf(name) : `${flagOf(name)} ${value}`;
    return `| \`${flag}\` | ${help}${required.includes(name) ? ' (required)' : ''} |`;
  });
  return ['| option | |', '|---|---|', ...rows].join('\n');
}

it('the README has the tables of options that follow from their declarations', async () => {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const [, written] = /<!-- options -->\n([\s\S]*)<!-- \/options -->/.exec(readme) ?? [];
  expect(written?.trim()).toBe(optionTables());
});

it('the README lists the same exit codes as the help', async () => {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const rows = [...readme.matchAll(/^\| (\d+(?:, \d+)*) \| (.*) \|$/gm)];
  const written = rows.flatMap(([, codes, text]) => (codes as string).split(', ').map((code) => [code, text]));
  expect(Object.fromEntries(written)).toEqual(exitMeanings);
});
