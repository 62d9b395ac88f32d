import { Command, CommanderError, Option } from 'commander';
import type { CommandSpec } from './command-spec.ts';
import { commandSpecs } from './command-specs.ts';
import { commandHelp, helpDocument, helpWidth, toolHelp } from './help.ts';
import { jsonVersion } from './json-version.ts';
import { refuseEmpty, requireOptions } from './missing-options.ts';
import type { OptionSpec } from './option-spec.ts';
import { optionSpecs } from './option-specs.ts';
import { everywhere, flagOf, type OptionName } from './options.ts';
import { noCommand, usageError } from './usage-errors.ts';

/** A command line whose command and options have been recognised; option values are still raw text. */
export interface Invocation {
  readonly spec: CommandSpec;
  readonly args: readonly string[];
  readonly raw: Readonly<Record<string, unknown>>;
}

/**
 * Parses a command line. Returns undefined if it asked for help or the version, which has then been written.
 * Error: usage.
 */
export async function parseCommandLine(
  argv: readonly string[],
  version: string,
  write: WriteText,
): Promise<Invocation | undefined> {
  if (argv.length === 0) throw noCommand(write, summary);
  let invocation: Invocation | undefined;
  const program = buildProgram(argv, version, write, (found) => {
    invocation = found;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw usageError(error, program, argv);
  }
  return invocation;
}

/** Where help and the version are written, and in which form. */
export interface WriteText {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether help and the version are JSON documents. */
  readonly json: boolean;
  /** Width of the terminal that shows help; undefined for a file or pipe. */
  readonly columns: number | undefined;
}

const summary = 'Upload SAE features, steering vectors and probes to Neuronpedia.';

function buildProgram(
  argv: readonly string[],
  version: string,
  write: WriteText,
  found: (invocation: Invocation) => void,
): Command {
  const json = (document: object) => `${JSON.stringify({ v: jsonVersion, ...document })}\n`;
  const width = helpWidth(write.columns);
  const helpOf = (spec: CommandSpec) => (write.json ? json(helpDocument(spec)) : commandHelp(spec, width));
  const program = new Command('neuronpedia')
    .version(write.json ? json({ type: 'version', version }).trimEnd() : version)
    .exitOverride()
    .configureHelp({ formatHelp: () => (write.json ? json(helpDocument(undefined)) : toolHelp(summary, width)) })
    .configureOutput({ writeOut: write.out, writeErr: () => undefined })
    .showSuggestionAfterError(false);
  for (const name of everywhere) program.addOption(commanderOption(name));
  for (const spec of commandSpecs) {
    const command = addCommand(program, spec, argv, helpOf, found);
    // Other commands need only their names: adding all options would take a third of the time that help takes.
    if (argv.includes(spec.name)) for (const name of spec.options) command.addOption(commanderOption(name));
  }
  return program;
}

/** Uses `program.command()`: only a command made this way inherits `exitOverride`, which throws instead of exiting. */
function addCommand(
  program: Command,
  spec: CommandSpec,
  argv: readonly string[],
  helpOf: (spec: CommandSpec) => string,
  found: (invocation: Invocation) => void,
): Command {
  const command = program.command(spec.name).configureHelp({ formatHelp: () => helpOf(spec) });
  if (spec.argument) {
    const { name, required, several } = spec.argument;
    const dots = several ? '...' : '';
    command.argument(required ? `<${name}${dots}>` : `[${name}${dots}]`);
  }
  return command.action((...parts: unknown[]) => {
    const given = spec.argument ? parts[0] : undefined;
    const args = Array.isArray(given) ? (given as string[]) : given === undefined ? [] : [given as string];
    const raw = command.optsWithGlobals();
    refuseEmpty(spec, args);
    requireOptions(spec, raw, argv);
    found({ spec, args, raw });
  });
}

function commanderOption(name: OptionName): Option {
  const spec: OptionSpec = optionSpecs[name];
  const option = new Option(spec.value === undefined ? flagOf(name) : `${flagOf(name)} <${spec.value}>`);
  if (spec.repeatable) option.argParser((value: string, before: readonly string[] = []) => [...before, value]);
  return option;
}
