import { AppError } from '../errors.ts';
import type { JobRecord } from '../upload/journal-records.ts';
import type { JournalState } from '../upload/journal-state.ts';
import type { CommandContext } from './context.ts';
import { commandOf } from './job-command.ts';
import type { OptionValues } from './options.ts';

/** Whether a command line names a server. */
export function namesServer({ apiUrl, sandbox, sandboxPublic }: OptionValues): boolean {
  return apiUrl !== undefined || sandbox === true || sandboxPublic === true;
}

/**
 * Points a command about a job at the job's server, unless its options name one. A name that is no address is that of an
 * embedded sandbox. `--insecure` comes from the command that the job was last run with, if its journal has that.
 */
export async function atServerOf(context: CommandContext, id: string, state: JournalState): Promise<CommandContext> {
  if (namesServer(context.options)) return context;
  // An old command line that no longer parses does not change where the job was sent.
  const begun = await commandOf(state, context, id).catch(() => undefined);
  const { serverName, serverKind } = state.job as JobRecord;
  const server = URL.canParse(serverName)
    ? { apiUrl: serverName, ...(begun?.options.insecure && { insecure: true }) }
    : serverKind === 'public'
      ? { sandboxPublic: true }
      : { sandbox: true };
  return { ...context, options: { ...context.options, ...server } };
}

/** The error for a job that belongs to another server than the one that is asked. */
export function otherServer(expected: string, found: string): AppError {
  return new AppError('checkpoint_mismatch', `the job belongs to server ${expected}; this one is ${found}`, {
    hints: ["name the job's own server with --api-url, --sandbox or --sandbox-public"],
    details: { expected, found },
  });
}
