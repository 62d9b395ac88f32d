import { resolve } from 'node:path';
import { AppError } from '../errors.ts';
import type { JournalState } from '../upload/journal-state.ts';
import type { CommandContext } from './context.ts';
import type { OptionValues } from './options.ts';
import { parseOptions } from './parse-options.ts';

/** The command line of a job, parsed again. */
export interface JobCommand {
  readonly name: string;
  readonly args: readonly string[];
  readonly options: OptionValues;
}

/**
 * Returns the command line that a job was last run with, its paths valid in the current folder. Errors: not_found for a job
 * of a script or of an earlier version, which did not record it, and usage if this version does not accept it.
 */
export async function commandOf(
  { job, typed }: JournalState,
  context: CommandContext,
  id: string,
): Promise<JobCommand> {
  const invocation = typed && (await context.read(typed.words));
  if (!typed || !invocation) {
    const hint =
      job?.command === ''
        ? 'a script uploaded it: its own upload again, with `restart: true`, compares every row with the server'
        : 'run the same upload again: it finds its rows and records the files';
    throw new AppError('not_found', `the journal of job ${id} does not record which files its rows came from`, {
      hints: [hint],
    });
  }
  const { spec, args, raw } = invocation;
  // Paths stay as typed while they are still right, because receipts show them.
  const path = (name: string) => (typed.folder === context.typed.folder ? name : resolve(typed.folder, name));
  const options = parseOptions(raw);
  const { activations, featureMetadata } = options;
  return {
    name: spec.name,
    args: args.map((name) => (name === '-' ? name : path(name))),
    options: {
      ...options,
      ...(activations !== undefined && { activations: path(activations) }),
      ...(featureMetadata !== undefined && { featureMetadata: path(featureMetadata) }),
    },
  };
}
