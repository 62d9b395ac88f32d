import { type CompletedCommand, type CompletedOption, completedEverywhere, type Value } from './words.ts';

/** Returns a completion script for fish 3.0 and later. */
export function fishScript(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name);
  const options = commands.flatMap(({ options }) => options);
  const lines = [
    '# Completes neuronpedia in fish; made by: neuronpedia completion fish',
    '-f',
    ...commands.map(({ name, summary }) => `-n ${quoted(`not ${seen(names)}`)} -a ${name} -d ${quoted(summary)}`),
    ...completedEverywhere().map(optionLine),
    // An option means the same in every command that has it.
    ...[...new Map(options.map((option) => [option.flag, option])).values()].map((option) => {
      const having = commands.filter(({ options }) => options.some(({ flag }) => flag === option.flag));
      return `-n ${quoted(seen(having.map(({ name }) => name)))} ${optionLine(option)}`;
    }),
    ...commands.flatMap(({ name, argument }) =>
      argument && argument.kind !== 'free' ? [`-n ${quoted(seen([name]))} ${completed(argument)}`] : [],
    ),
  ];
  return lines.map((line) => (line.startsWith('#') ? line : `complete -c neuronpedia ${line}`)).join('\n');
}

const seen = (names: readonly string[]) => `__fish_seen_subcommand_from ${names.join(' ')}`;

function optionLine({ flag, help, value }: CompletedOption): string {
  const argument = value ? (value.kind === 'words' || value.kind === 'free' ? '-x' : '-r') : undefined;
  return [`-l ${flag.slice(2)}`, argument, value && completed(value), `-d ${quoted(help)}`].filter(Boolean).join(' ');
}

/** Says how a value is completed; empty for free text. */
function completed({ kind, words }: Value): string {
  if (kind === 'words') return `-a ${quoted(words.join(' '))}`;
  return kind === 'free' ? '' : '-F';
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
