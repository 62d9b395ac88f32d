import { foldersOf } from '../config/folders.ts';
import { AppError } from '../errors.ts';
import { findChosen } from '../library/choose-saes.ts';
import type { Own } from '../library/close-after.ts';
import { placeOf } from '../upload/destination.ts';
import { jobId } from '../upload/job-lock.ts';
import type { JournalState } from '../upload/journal-state.ts';
import { prepareSae } from '../upload/kinds/sae.ts';
import { activationsJob, type VectorJob, vectorJob } from '../upload/kinds/send-vector.ts';
import type { PreparedVector } from '../upload/kinds/vector.ts';
import type { JobReport } from '../upload/run.ts';
import type { Server } from '../upload/server.ts';
import type { CommandContext } from './context.ts';
import { writeDirectionReceipt } from './direction-end.ts';
import { vectorOptions } from './direction-upload.ts';
import type { JobCommand } from './job-command.ts';
import { saeOptions } from './sae-options.ts';
import { writeSaeReceipt } from './sae-receipt.ts';
import type { Session } from './session.ts';

/** A job prepared again from its command line, as if to send it. */
export interface JobAgain extends Pick<VectorJob, 'matrix' | 'planned' | 'blocks' | 'fields' | 'delivery'> {
  writeReceipt(path: string, report: JobReport): Promise<void>;
}

/** Reads and checks a job's files again. Errors: all of exit code 6, checkpoint_mismatch, and those of asking the server. */
export function jobAgain(input: Input): Promise<JobAgain> {
  return input.command.name === 'upload-sae' ? saeAgain(input) : directionAgain(input);
}

interface Input {
  readonly context: CommandContext;
  readonly session: Session;
  readonly server: Server;
  readonly command: JobCommand;
  readonly id: string;
  readonly state: JournalState;
  readonly own: Own;
}

async function saeAgain({ context, session, server, command, id, state, own }: Input): Promise<JobAgain> {
  const { args, options } = command;
  const said = saeOptions(options);
  const run = {
    server,
    stateDir: foldersOf(context.env).state,
    // Skips the check for unfinished jobs of another server or account, which do not matter here.
    restart: true,
    onEvent: () => context.stop.throwIfAborted(),
  };
  for (const sae of await findChosen(args, said, own)) {
    if (placeOf(sae, said).source !== state.job?.source) continue;
    const prepared = own(await prepareSae(sae, said, run));
    if (jobId(server, prepared.identity) !== id) continue;
    const writeReceipt = async (path: string, report: JobReport) => {
      await writeSaeReceipt(path, session, prepared, report, false);
    };
    return { ...prepared, writeReceipt };
  }
  throw notThere(id, args);
}

async function directionAgain({ context, session, server, command, id, state }: Input): Promise<JobAgain> {
  const { name, args, options } = command;
  const { send } = await (name === 'upload-probe'
    ? import('./commands/upload-probe.ts')
    : import('./commands/upload-vector.ts'));
  const [path = ''] = args;
  if (path === '-') throw gone('standard input', 'what was piped in is not kept');
  let prepared: PreparedVector | undefined;
  const planned = async (found: PreparedVector) => {
    prepared = found;
    return false;
  };
  const stateDir = foldersOf(context.env).state;
  await send(path, options, { ...vectorOptions(options), server, stateDir }, { planned });
  return vectorAgain(prepared as unknown as PreparedVector, { session, server, id, state, path });
}

function vectorAgain(
  prepared: PreparedVector,
  { session, server, id, state, path }: Pick<Input, 'session' | 'server' | 'id' | 'state'> & { path: string },
): JobAgain {
  const ofVector = state.job?.as === 'activations' ? state.job.source : undefined;
  const job = ofVector === undefined ? vectorJob(prepared, server) : activationsJob(prepared, ofVector, server);
  if (jobId(server, job.identity) !== id) throw otherRequest(path);
  const named = ofVector === undefined ? {} : { ids: new Map([[0, ofVector]]) };
  return {
    ...job,
    writeReceipt: (file, report) => writeDirectionReceipt(file, session, prepared, { ...report, ...named }),
  };
}

function gone(path: string, why: string): AppError {
  return new AppError('file_not_found', `${path}: ${why}`);
}

function notThere(id: string, paths: readonly string[]): AppError {
  return gone(paths.join(', '), `no longer contains an SAE that belongs where job ${id} was uploaded`);
}

/** A vector's job id is a hash over its whole request: it does not tell what has changed. */
function otherRequest(path: string): AppError {
  return new AppError('checkpoint_mismatch', `${path}: differs from what was uploaded: its values or texts changed`, {
    hints: ['restore the files that were uploaded'],
    details: { file: path },
  });
}
