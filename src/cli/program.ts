import { Command, CommanderError, Option } from 'commander';
import { AppError } from '../errors.ts';
import { type CommandSpec, commandSpecs } from './command-specs.ts';
import { type OptionSpec, optionSpecs } from './option-specs.ts';
import { everywhere, flagOf, type OptionName } from './options.ts';

/** A command line that has been understood as far as names go; values are still text. */
export interface Invocation {
  readonly spec: CommandSpec;
  readonly args: readonly string[];
  readonly raw: Readonly<Record<string, unknown>>;
}

const exitCodes = [
  '0 done  2 usage  3 some rows quarantined  4 key refused  5 server away, run again  6 input wrong, nothing sent',
  '7 difference found  8 paused at a quota  9 outcome unknown  10 refused  11 locked  12 other data  130 interrupted',
];

/**
 * Reads a command line. Returns undefined where help or the version was asked for and has been written.
 * Error: usage.
 */
export async function parseCommandLine(
  argv: readonly string[],
  version: string,
  write: WriteText,
): Promise<Invocation | undefined> {
  let invocation: Invocation | undefined;
  const program = buildProgram(version, write, (found) => {
    invocation = found;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw usageError(error, program);
  }
  return invocation;
}

export interface WriteText {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

function buildProgram(version: string, write: WriteText, found: (invocation: Invocation) => void): Command {
  const program = new Command('neuronpedia')
    .description('Upload SAE features, steering vectors and probes to Neuronpedia')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: write.out, writeErr: () => undefined })
    .showSuggestionAfterError(true);
  for (const name of everywhere) program.addOption(commanderOption(name));
  for (const spec of commandSpecs) addCommand(program, spec, found);
  return program;
}

/** Made with `program.command()`: only such a command inherits that errors are thrown instead of ending the process. */
function addCommand(program: Command, spec: CommandSpec, found: (invocation: Invocation) => void): void {
  const command = program.command(spec.name).description(spec.summary);
  if (spec.argument) {
    const { name, help, required, several } = spec.argument;
    const dots = several ? '...' : '';
    command.argument(required ? `<${name}${dots}>` : `[${name}${dots}]`, help);
  }
  for (const name of spec.options) command.addOption(commanderOption(name, spec.required?.includes(name)));
  command.addHelpText('after', `\nExamples:\n${spec.examples.map((line) => `  $ ${line}`).join('\n')}`);
  command.addHelpText('after', `\nExit codes:\n${exitCodes.map((line) => `  ${line}`).join('\n')}`);
  command.action((...parts: unknown[]) => {
    const given = spec.argument ? parts[0] : undefined;
    const args = Array.isArray(given) ? (given as string[]) : given === undefined ? [] : [given as string];
    found({ spec, args, raw: command.optsWithGlobals() });
  });
}

function commanderOption(name: OptionName, required = false): Option {
  const spec: OptionSpec = optionSpecs[name];
  const flag = spec.value === undefined ? flagOf(name) : `${flagOf(name)} <${spec.value}>`;
  const option = new Option(flag, spec.help).helpGroup(`${spec.group}:`);
  if (spec.repeatable) option.argParser((value: string, before: readonly string[] = []) => [...before, value]);
  return option.makeOptionMandatory(required);
}

/** Longer than any command or slip of one: a key that was pasted here is not shown again either. */
const longWord = /unknown command '[^']{20,}'/;

function usageError(error: CommanderError, program: Command): AppError {
  if (error.code === 'commander.help') {
    return new AppError('usage', 'which command?', {
      hints: [
        `commands: ${commandSpecs.map((spec) => spec.name).join(', ')}`,
        'neuronpedia COMMAND --help shows one with examples',
      ],
    });
  }
  // A key given as --api-key=KEY is not shown again.
  const said = error.message
    .replace(/^error: /, '')
    .replace(/(unknown option '[^'=]*)=.*'$/m, "$1'")
    .replace(longWord, 'unknown command');
  const [message, ...suggestions] = said.split('\n');
  const typed = program.args[0];
  const known = commandSpecs.some((spec) => spec.name === typed);
  return new AppError('usage', message ?? error.message, {
    hints: [
      ...suggestions.map((line) => line.replace(/^\(|\)$/g, '')),
      `neuronpedia ${known ? `${typed} ` : ''}--help`,
    ],
  });
}
