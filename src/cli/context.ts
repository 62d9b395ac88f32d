import type { Env } from '../config/folders.ts';
import type { Typed } from '../upload/run.ts';
import type { CommandSpec } from './command-spec.ts';
import type { OptionValues } from './options.ts';
import type { Output } from './output.ts';
import type { Invocation } from './program.ts';

/** How long requests in flight may take to end once a command has been stopped. */
export const graceMs = 10_000;

/** All that a command gets from the world: it looks at no environment, stream or signal of the process itself. */
export interface CommandContext {
  readonly args: readonly string[];
  readonly options: OptionValues;
  readonly env: Env;
  readonly out: Output;
  readonly stdin: NodeJS.ReadStream;
  /** Whether somebody is there to be asked. */
  readonly interactive: boolean;
  readonly version: string;
  /** What was typed, to be typed again. */
  readonly command: string;
  /** The same as words, and the folder it was typed in. */
  readonly typed: Typed;
  /** Reads another command line: that of an earlier upload. Undefined where it only asks for help. Error: usage. */
  readonly read: (words: readonly string[]) => Promise<Invocation | undefined>;
  /** Every subcommand, for what tells of all of them. */
  readonly commands: readonly CommandSpec[];
  /** First signal, or the end of the time: end soon, in order. */
  readonly stop: AbortSignal;
  /** A while later: end now. */
  readonly abort: AbortSignal;
}
