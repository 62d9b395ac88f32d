import { AppError } from '../errors.ts';
import type { CommandSpec } from './command-spec.ts';
import { commandSpecs } from './command-specs.ts';
import { flagOf, type OptionName, optionText } from './options.ts';
import { shellWord } from './shell-word.ts';

/** Reports all missing options at once; commander names one, before it looks for misspelt ones. Error: usage. */
export function requireOptions(
  spec: CommandSpec,
  raw: Readonly<Record<string, unknown>>,
  argv: readonly string[],
): void {
  const { name, required = [], unlessFilesSay = [] } = spec;
  const isMissing = (option: OptionName) => raw[option] === undefined;
  const missing = required.filter(isMissing);
  if (missing.length === 0) return;
  const more = unlessFilesSay.filter(isMissing).map(optionText);
  const typed = ['neuronpedia', ...argv].map(shellWord).join(' ');
  throw new AppError('usage', `${name} needs ${list(missing.map(optionText))}`, {
    hints: [
      `for example: ${commandWith(typed, missing)}`,
      ...(more.length > 0 ? [`and ${list(more)} where the files do not say it: a bare matrix does not`] : []),
      `neuronpedia ${name} --help`,
    ],
  });
}

/** Refuses an argument that is empty, as an unset variable leaves it: as a path it would mean the current folder. Error: usage. */
export function refuseEmpty({ argument }: CommandSpec, args: readonly string[]): void {
  if (!argument || !args.includes('')) return;
  const what = argument.name === 'FILE' ? 'path' : argument.name.toLowerCase();
  throw new AppError('usage', `the ${what} is empty`, {
    hints: ['if a variable stands for it, is that set?'],
  });
}

/** Options that the example leaves open: pasted unchanged, it must not upload a file to the wrong place. */
const neverSampled: readonly OptionName[] = ['model', 'layer'];

/** Completes a command with the options that it lacks, each with a value from the examples of all commands. */
function commandWith(command: string, options: readonly OptionName[]): string {
  const examples = commandSpecs.flatMap((spec) => spec.examples).join('\n');
  const given = options.map((option) => {
    if (neverSampled.includes(option)) return optionText(option);
    const [sample] = new RegExp(`${flagOf(option)} (?:"[^"]*"|\\S+)`).exec(examples) ?? [];
    return sample ?? optionText(option);
  });
  return [command, ...given].join(' ');
}

function list(names: readonly string[]): string {
  return names.length === 1 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
