import { AppError } from '../errors.ts';
import type { JobStatus } from '../upload/jobs.ts';
import type { CommandContext } from './context.ts';
import type { OptionValues } from './options.ts';

/** Whether a command line says which server it means. */
export function namesServer({ apiUrl, sandbox, sandboxPublic }: OptionValues): boolean {
  return apiUrl !== undefined || sandbox === true || sandboxPublic === true;
}

/** A command about a job, at the server of that job unless it names another; `command` has the options that the job was begun with. */
export function atServerOf(context: CommandContext, { job }: JobStatus, command: OptionValues = {}): CommandContext {
  if (namesServer(context.options)) return context;
  const { sandbox, sandboxPublic, insecure } = command;
  if (URL.canParse(job.serverName)) {
    return { ...context, options: { ...context.options, apiUrl: job.serverName, ...(insecure && { insecure }) } };
  }
  return {
    ...context,
    options: { ...context.options, ...(sandbox && { sandbox }), ...(sandboxPublic && { sandboxPublic }) },
  };
}

/** Error for a job of another server than the one that is asked. */
export function otherServer(expected: string, found: string): AppError {
  return new AppError('checkpoint_mismatch', `the job is of server ${expected}; this is ${found}`, {
    hints: ['name the server that it was begun on with --api-url'],
    details: { expected, found },
  });
}
