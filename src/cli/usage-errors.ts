import type { Command, CommanderError } from 'commander';
import { didYouMean } from '../closest.ts';
import { AppError } from '../errors.ts';
import { commandSpecs } from './command-specs.ts';
import { helpWidth, toolHelp } from './help.ts';
import type { OptionSpec } from './option-spec.ts';
import { optionSpecs } from './option-specs.ts';
import { everywhere, flagOf, type OptionName } from './options.ts';
import type { WriteText } from './program.ts';

const names = commandSpecs.map(({ name }) => name);
const ofOneCommand = 'neuronpedia COMMAND --help shows one with examples';

/** Answers an empty command line: shows help, for people, and returns an error, for scripts that left out the command. */
export function noCommand(write: WriteText, summary: string): AppError {
  write.err(`${toolHelp(summary, helpWidth(write.columns))}\n`);
  return new AppError('usage', 'which command?', { hints: [`commands: ${names.join(', ')}`, ofOneCommand] });
}

/** Rewords an error of commander and adds hints about what may have been meant. */
export function usageError(error: CommanderError, program: Command, argv: readonly string[]): AppError {
  const words = argv.filter((word) => !word.startsWith('-'));
  // For `help nosuch` commander reports the same code as for no command.
  if (error.code === 'commander.help') return unknownCommand(words[0] === 'help' ? words[1] : undefined);
  if (error.code === 'commander.unknownCommand') return unknownCommand(program.args[0]);
  // Do not repeat a key that was given as --api-key=KEY.
  const message = error.message.replace(/^error: /, '').replace(/(unknown option '[^'=]*)=.*'$/m, "$1'");
  const command = names.find((name) => name === program.args[0]);
  const [, flag] = /unknown option '([^'=]+)'/.exec(message) ?? [];
  const hints = flag === undefined ? missingValue(message) : unknownOption(flag, command);
  return new AppError('usage', message, { hints: [...hints, `neuronpedia ${command ? `${command} ` : ''}--help`] });
}

/** Longer than any misspelt command: what exceeds it may be a key pasted by mistake, and is not repeated. */
const longestEcho = 20;

function unknownCommand(typed: string | undefined): AppError {
  if (typed === undefined) {
    return new AppError('usage', 'which command?', { hints: [`commands: ${names.join(', ')}`, ofOneCommand] });
  }
  const meant = didYouMean(typed, names);
  const shown = typed.length > longestEcho ? '' : ` '${typed}'`;
  return new AppError('usage', `unknown command${shown}`, {
    hints: meant.length > 0 ? [...meant, 'neuronpedia --help lists the commands'] : [`commands: ${names.join(', ')}`],
  });
}

/** Returns hints for an unknown option: it may be misspelt, belong to other commands, or be meant for a key. */
function unknownOption(flag: string, command: string | undefined): string[] {
  const spec = commandSpecs.find(({ name }) => name === command);
  const own = [...(spec?.options ?? []), ...everywhere].map(flagOf);
  const others = commandSpecs.filter(({ options }) => options.map(flagOf).includes(flag)).map(({ name }) => name);
  if (own.includes(flag)) return [`${flag} stands alone: it takes no value`];
  if (others.length > 0) return [`${flag} is an option of ${others.join(', ')}`];
  if (/^--(api-?)?(key|token)$/.test(flag)) return [keysAreGiven];
  return didYouMean(flag, [...own, '--help', '--version']);
}

/** On the command line a key would end up in the shell's history and the process list. */
const keysAreGiven =
  'keys are no options: store one with neuronpedia login (--with-token reads it from a pipe), or set NEURONPEDIA_API_KEY';

/** Returns the help of an option that was given without its value. */
function missingValue(message: string): string[] {
  const [, flag] = /option '(--[\w-]+) <[^>]+>' argument missing/.exec(message) ?? [];
  const found = Object.keys(optionSpecs).find((name) => flagOf(name as OptionName) === flag);
  if (found === undefined) return [];
  const { help }: OptionSpec = optionSpecs[found as OptionName];
  return [`${flag}: ${help}`];
}
