import type { CommandSpec } from './command-spec.ts';
import { commandSpecs } from './command-specs.ts';
import { wrapText } from './display-text.ts';
import { exitCodesOf } from './exit-codes.ts';
import { groups } from './option-groups.ts';
import type { OptionSpec } from './option-spec.ts';
import { optionSpecs } from './option-specs.ts';
import { everywhere, flagOf, type OptionName, optionText } from './options.ts';

/** Lines wider than this are hard to read, whatever the terminal. */
const widest = 100;
const narrowest = 40;
/** Longer names have their text on the next line. */
const nameWidth = 26;

/** Returns the width to lay help out for: 80 columns for a file or pipe, which has none. */
export function helpWidth(columns: number | undefined): number {
  return Math.max(narrowest, Math.min(widest, columns || 80));
}

/** Returns the help for the tool as a whole: how to start, and every command. */
export function toolHelp(summary: string, width: number): string {
  return page([
    ['Usage: neuronpedia COMMAND [OPTIONS]', '', ...wrapText(summary, width)],
    heading(
      'Examples',
      toolExamples.flatMap((line) => exampleLines(line, width)),
    ),
    heading(
      'Commands',
      commandSpecs.flatMap(({ name, summary }) => entry(name, summary, width, 14)),
    ),
    heading(groups.everywhere, [...optionLines(everywhere, [], width), ...ownOptions(width)]),
    ['neuronpedia COMMAND --help shows a command with its options and exit codes.'],
  ]);
}

/** A new user's first steps, from weights to a server. */
export const toolExamples = [
  'neuronpedia inspect ./my-sae',
  'neuronpedia upload-sae ./my-sae --sae-id my-res-16k --sandbox',
] as const;

/** Returns the help for one command: its purpose, examples, options by group and exit codes. */
export function commandHelp(spec: CommandSpec, width: number): string {
  const { argument, required = [] } = spec;
  return page([
    [...usageLines(spec, width), '', ...wrapText(sentence(spec.summary), width)],
    heading(
      'Examples',
      spec.examples.flatMap((line) => exampleLines(line, width)),
    ),
    argument ? heading('Arguments', entry(argument.name, argument.help, width)) : [],
    ...sectionsOf(spec).map(([group, names]) => heading(group, optionLines(names, required, width))),
    heading(groups.everywhere, [...optionLines(everywhere, [], width), ...ownOptions(width)]),
    heading(
      'Exit codes',
      exitCodesOf(spec.exitCodes, spec.exitMeanings).flatMap(([code, meaning]) =>
        entry(String(code), meaning, width, 5),
      ),
    ),
  ]);
}

/** Returns the help for one command, or without `spec` for the tool, as a JSON document. */
export function helpDocument(spec: CommandSpec | undefined) {
  const options = (names: readonly OptionName[], required: readonly OptionName[] = []) =>
    names.map((name) => {
      const { value, group, help, repeatable = false, choices }: OptionSpec = optionSpecs[name];
      const own = { flag: flagOf(name), value: value ?? null, group, help, ...(choices && { choices }) };
      return { ...own, repeatable, required: required.includes(name) };
    });
  if (!spec) {
    const commands = commandSpecs.map(({ name, summary }) => ({ name, summary }));
    return { type: 'help', command: null, examples: toolExamples, commands, options: options(everywhere) };
  }
  const { name, summary, argument = null, examples, required } = spec;
  return {
    type: 'help',
    command: name,
    usage: usageOf(spec),
    summary,
    argument,
    examples,
    options: [...options(spec.options, required), ...options(everywhere)],
    exitCodes: Object.fromEntries(exitCodesOf(spec.exitCodes, spec.exitMeanings)),
  };
}

function usageOf({ name, argument, required = [] }: CommandSpec): string {
  const dots = argument?.several ? '...' : '';
  const operand = argument && (argument.required ? `${argument.name}${dots}` : `[${argument.name}${dots}]`);
  return ['neuronpedia', name, operand, ...required.map(optionText), '[OPTIONS]'].filter(Boolean).join(' ');
}

function usageLines(spec: CommandSpec, width: number): string[] {
  const indent = ' '.repeat('Usage: '.length);
  const lines = wrapText(usageOf(spec), width - indent.length);
  return lines.map((line, i) => (i === 0 ? 'Usage: ' : indent) + line);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Wraps a command line before its options so that it can still be copied into a shell. */
function exampleLines(line: string, width: number): string[] {
  const parts = line.split(/ (?=--)/);
  const lines: string[] = [];
  let now = `  $ ${parts[0]}`;
  for (const part of parts.slice(1)) {
    if (now.length + part.length + 3 <= width) now += ` ${part}`;
    else {
      lines.push(`${now} \\`);
      now = `      ${part}`;
    }
  }
  return [...lines, now];
}

function sectionsOf({ heading: title, options: names }: CommandSpec): [string, readonly OptionName[]][] {
  if (title !== undefined) return [[title, names]];
  const grouped = new Map<string, OptionName[]>();
  for (const name of names) {
    const { group } = optionSpecs[name];
    grouped.set(group, [...(grouped.get(group) ?? []), name]);
  }
  return [...grouped];
}

function optionLines(names: readonly OptionName[], required: readonly OptionName[], width: number): string[] {
  return names.flatMap((name) => {
    const help = optionSpecs[name].help;
    return entry(optionText(name), required.includes(name) ? `${help} (required)` : help, width);
  });
}

function ownOptions(width: number): string[] {
  return [...entry('-h, --help', 'show this', width), ...entry('-V, --version', 'show the version', width)];
}

/** Lays out a name with its explanation beside it, or below it if the name is long. */
function entry(name: string, text: string, width: number, most = nameWidth): string[] {
  const size = Math.min(most, Math.floor(width / 3));
  const lines = wrapText(text, width - size - 4);
  const indent = ' '.repeat(size + 4);
  if (name.length > size) return [`  ${name}`, ...lines.map((line) => indent + line)];
  return lines.map((line, i) => (i === 0 ? `  ${name.padEnd(size)}  ${line}` : indent + line));
}

function heading(title: string, lines: readonly string[]): string[] {
  return [`${title}:`, ...lines];
}

function page(parts: readonly (readonly string[])[]): string {
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => line.trimEnd()).join('\n'))
    .join('\n\n')}\n`;
}
