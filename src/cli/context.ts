import type { Env } from '../config/folders.ts';
import type { Typed } from '../upload/job.ts';
import type { OptionValues } from './options.ts';
import type { Output } from './output.ts';

/** All that a command gets from the world; the rest of the program never looks at `process`. */
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
  /** First signal: end soon, in order. */
  readonly stop: AbortSignal;
  /** A while later: end now. */
  readonly abort: AbortSignal;
}
