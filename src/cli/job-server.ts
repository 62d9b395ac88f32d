import { AppError } from '../errors.ts';
import type { JobRecord } from '../upload/journal-records.ts';
import type { JournalState } from '../upload/journal-state.ts';
import type { CommandContext } from './context.ts';
import { commandOf } from './job-command.ts';
import type { OptionValues } from './options.ts';

/** Whether a command line says which server it means. */
export function namesServer({ apiUrl, sandbox, sandboxPublic }: OptionValues): boolean {
  return apiUrl !== undefined || sandbox === true || sandboxPublic === true;
}

/**
 * A command about a job, at the server of that job unless it names another: as the command that the job was begun with named
 * it, which a journal of an earlier version did not note.
 */
export async function atServerOf(context: CommandContext, id: string, state: JournalState): Promise<CommandContext> {
  if (namesServer(context.options)) return context;
  // An option of an earlier version that is none any more takes nothing from where it was sent to.
  const begun = await commandOf(state, context, id).catch(() => undefined);
  const { sandbox, sandboxPublic, insecure } = begun?.options ?? {};
  const { serverName } = state.job as JobRecord;
  const server = URL.canParse(serverName)
    ? { apiUrl: serverName, ...(insecure && { insecure }) }
    : { ...(sandbox && { sandbox }), ...(sandboxPublic && { sandboxPublic }) };
  return { ...context, options: { ...context.options, ...server } };
}

/** Error for a job of another server than the one that is asked. */
export function otherServer(expected: string, found: string): AppError {
  return new AppError('checkpoint_mismatch', `the job is of server ${expected}; this is ${found}`, {
    hints: ['name the server that it was begun on with --api-url'],
    details: { expected, found },
  });
}
