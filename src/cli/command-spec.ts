import type { CommandContext } from './context.ts';
import type { OptionName } from './options.ts';

/** A subcommand, declared once. `load` brings its code, only when it runs. */
export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly argument?: {
    readonly name: string;
    readonly help: string;
    readonly required: boolean;
    readonly several?: boolean;
    /** Words that it is one of. */
    readonly choices?: readonly string[];
  };
  readonly options: readonly OptionName[];
  /** One heading for all of its options in help; else each stands under its group's, as uploads have them. */
  readonly heading?: string;
  /** Without these the command cannot run at all. */
  readonly required?: readonly OptionName[];
  /** Without these it can run only where the files say them. */
  readonly unlessFilesSay?: readonly OptionName[];
  /** Command lines, as one types them: a test runs each. */
  readonly examples: readonly [string, string, ...string[]];
  /** What it can end with besides what every command can. */
  readonly exitCodes: readonly number[];
  /** Where a code means something of its own here. */
  readonly exitMeanings?: Readonly<Record<number, string>>;
  /** Runs until a signal comes, which is then its regular end and no interruption. */
  readonly untilSignal?: boolean;
  /** Leaves something half done where it is stopped anywhere: what is in flight ends first. */
  readonly endsInOrder?: boolean;
  readonly load: () => Promise<{ run: (context: CommandContext) => Promise<number> }>;
}
