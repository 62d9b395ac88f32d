import type { CommandContext } from './context.ts';
import type { OptionName } from './options.ts';

/** A subcommand, declared once. `load` imports its code, only when the command runs. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly argument?: {
    readonly name: string;
    readonly help: string;
    readonly required: boolean;
    readonly several?: boolean;
    /** The allowed values, if it must be one of a fixed set. */
    readonly choices?: readonly string[];
  };
  readonly options: readonly OptionName[];
  /** One help heading for all its options. Without it, each option is listed under its own group, as for uploads. */
  readonly heading?: string;
  /** Without these the command cannot run at all. */
  readonly required?: readonly OptionName[];
  /** These may be left out only if the files give their values. */
  readonly unlessFilesSay?: readonly OptionName[];
  /** Command lines as a user types them; a test runs each. */
  readonly examples: readonly [string, string, ...string[]];
  /** Exit codes besides those that any command can end with. */
  readonly exitCodes: readonly number[];
  /** Exit codes with a meaning specific to this command. */
  readonly exitMeanings?: Readonly<Record<number, string>>;
  /** Runs until a signal arrives, which is then its normal end and not an interruption. */
  readonly untilSignal?: boolean;
  /** Must not be cut off at an arbitrary point: once stopped, it lets what is in flight finish first. */
  readonly endsInOrder?: boolean;
  readonly load: () => Promise<{ run: (context: CommandContext) => Promise<number> }>;
}
