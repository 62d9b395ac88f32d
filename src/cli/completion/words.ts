import type { CommandSpec } from '../command-spec.ts';
import type { OptionSpec } from '../option-spec.ts';
import { optionSpecs } from '../option-specs.ts';
import { everywhere, flagOf, type OptionName } from '../options.ts';

/** What a value on the command line may be: one of some words, a path, a folder, or free text. */
export interface Value {
  readonly name: string;
  readonly kind: 'words' | 'path' | 'folder' | 'free';
  readonly words: readonly string[];
}

/** An option as shells complete it. */
export interface CompletedOption {
  /** Includes its hyphens. */
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
  /** Without the options that every command takes. */
  readonly options: readonly CompletedOption[];
  readonly argument?: Value & { readonly several: boolean };
}

/** Converts the declared subcommands for completion. */
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

/** Returns the options that every command takes, with commander's own `--help` and `--version`. */
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

/** Derives the kind of a value: its name in help says whether it is a path or a folder. */
function completedValue(name: string, words: readonly string[] = []): Value {
  const isPath = name === 'FILE' || name === 'PATH';
  const kind = words.length > 0 ? 'words' : isPath ? 'path' : name === 'DIR' ? 'folder' : 'free';
  return { name, kind, words };
}
