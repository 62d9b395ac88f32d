import type { Env } from '../config/folders.ts';
import type { Typed } from '../upload/run.ts';
import type { CommandSpec } from './command-spec.ts';
import type { OptionValues } from './options.ts';
import type { Output } from './output.ts';
import type { Invocation } from './program.ts';

/** How long requests in flight may take to end once a command has been stopped. */
export const graceMs = 10_000;

/** Everything a command gets from outside: it never touches the environment, streams or signals of the process itself. */
export interface CommandContext {
  readonly args: readonly string[];
  readonly options: OptionValues;
  readonly env: Env;
  readonly out: Output;
  readonly stdin: NodeJS.ReadStream;
  /** Whether somebody is there to answer questions. */
  readonly interactive: boolean;
  readonly version: string;
  /** The command line that repeats this run. */
  readonly command: string;
  /** The command line that goes on with it: without options that discard an earlier run's progress or lock. */
  readonly goOn: string;
  /** What was typed, as words, and the folder it was typed in. */
  readonly typed: Typed;
  /** Parses another command line, that of an earlier upload. Undefined if it only asks for help. Error: usage. */
  readonly read: (words: readonly string[]) => Promise<Invocation | undefined>;
  /** Every subcommand, for shell completion. */
  readonly commands: readonly CommandSpec[];
  /** Aborted by the first signal or at the time limit: finish in order, and soon. */
  readonly stop: AbortSignal;
  /** End now. Aborted `graceMs` after `stop` if the command `endsInOrder`, else along with it (never if `untilSignal`). */
  readonly abort: AbortSignal;
}
