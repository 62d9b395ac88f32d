import type { CommandSpec } from '../command-spec.ts';
import type { OptionSpec } from '../option-spec.ts';
import { optionSpecs } from '../option-specs.ts';
import { everywhere, flagOf, type OptionName } from '../options.ts';

/** What may stand at a place of a command line: some words, a path, or what only its author knows. */
export interface Value {
  readonly name: string;
  readonly kind: 'words' | 'path' | 'folder' | 'free';
  readonly words: readonly string[];
}

/** An option as shells complete it. */
export interface CompletedOption {
  /** With its hyphens. */
  readonly flag: string;
  readonly help: string;
  readonly repeatable: boolean;
  /** Absent for a switch. */
  readonly value?: Value;
}

/** A subcommand as shells complete it. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  /** Those of every command come besides. */
  readonly options: readonly CompletedOption[];
  readonly argument?: Value & { readonly several: boolean };
}

/** Subcommands, as they are declared. */
export function completedCommands(specs: readonly CommandSpec[]): readonly CompletedCommand[] {
  return specs.map(({ name, summary, options, argument }) => ({
    name,
    summary,
    options: options.map(completedOption),
    ...(argument && {
      argument: { ...completedValue(argument.name, argument.choices), several: argument.several ?? false },
    }),
  }));
}

/** Options that every command takes; commander has the two switches of its own. */
export function completedEverywhere(): readonly CompletedOption[] {
  return [
    ...everywhere.map(completedOption),
    { flag: '--help', help: 'show help', repeatable: false },
    { flag: '--version', help: 'show the version', repeatable: false },
  ];
}

function completedOption(name: OptionName): CompletedOption {
  const { value, help, choices, repeatable = false }: OptionSpec = optionSpecs[name];
  return {
    flag: flagOf(name),
    help,
    repeatable,
    ...(value !== undefined && { value: completedValue(value, choices) }),
  };
}

/** What help calls a value says whether it is a path. */
function completedValue(name: string, words: readonly string[] = []): Value {
  const isPath = name === 'FILE' || name === 'PATH';
  const kind = words.length > 0 ? 'words' : isPath ? 'path' : name === 'DIR' ? 'folder' : 'free';
  return { name, kind, words };
}
