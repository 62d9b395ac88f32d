import { AppError } from '../errors.ts';
import { makeDurableFolder } from '../upload/durable-folder.ts';
import type { UploadEvent } from '../upload/events.ts';
import type { JobReport, UploadRun } from '../upload/run-job.ts';
import type { Server } from '../upload/server.ts';
import type { CommandContext } from './context.ts';
import { type Progress, startProgress } from './progress.ts';
import type { Session } from './session.ts';

const defaultSettleMs = 30_000;

/** What every upload command hands to the core, made of options and signals. */
export async function uploadRun(
  context: CommandContext,
  session: Session,
  server: Server,
  onEvent: (event: UploadEvent) => void,
): Promise<UploadRun> {
  const { options, stop, abort, command } = context;
  return {
    server,
    stateDir: await makeStateFolder(session.folders.state),
    restart: options.restart ?? false,
    forceUnlock: options.forceUnlock ?? false,
    settleTimeoutMs: options.settleTimeout ?? defaultSettleMs,
    command,
    stop,
    abort,
    onEvent,
  };
}

async function makeStateFolder(folder: string): Promise<string> {
  await makeDurableFolder(folder).catch((cause) => {
    throw new AppError('checkpoint_damaged', `${folder}: progress cannot be kept there (${cause.code})`, {
      hints: ['make it a folder that you may write to, or choose another with NEURONPEDIA_STATE_DIR'],
      cause,
    });
  });
  return folder;
}

/** Turns the events of one upload into a bar or lines on stderr and NDJSON on stdout. */
export function eventReporter(
  context: CommandContext,
  source: string,
): { onEvent: (event: UploadEvent) => void; stop(): void } {
  const { out } = context;
  let progress: Progress | undefined;
  return {
    onEvent: (event) => {
      // Nothing is under way while looking: there is nothing to wait for.
      if (event.type === 'looking') context.stop.throwIfAborted();
      if (event.type === 'progress') {
        progress ??= startProgress(out, event.total, event.confirmed);
        progress.update(event.confirmed);
      }
      if (event.type === 'retry') out.note(`waiting ${event.wait_s} s before another try: ${event.why}`);
      if (event.type === 'warning') out.warn(event.message);
      if (event.type !== 'checking' && event.type !== 'looking') out.document({ ...event, source });
    },
    stop: () => progress?.stop(),
  };
}

/** What is left to say of a run that did not finish: why, and how to go on. */
export function tellEnd(context: CommandContext, report: JobReport): void {
  const { end } = report;
  const { out, command } = context;
  if (end.type === 'finished') return;
  if (end.type === 'quota') {
    out.note(`paused: ${end.why}${end.resumeAt ? `; more may be sent from ${end.resumeAt.toISOString()}` : ''}`);
  }
  out.note(`progress is saved; go on with: ${command}`);
}

/** Exit code of a run by how it ended; signals set their own. */
export function exitCodeOf(report: JobReport): number {
  return report.end.type === 'quota' ? 8 : 0;
}

/** How a run stands, in the words of the summary. */
export function statusOf(report: JobReport): 'done' | 'paused' | 'interrupted' {
  if (report.end.type === 'finished') return 'done';
  return report.end.type === 'quota' ? 'paused' : 'interrupted';
}

/** The fields of a summary that say when a paused job may go on. */
export function resumeFields(report: JobReport): { resume_at?: string } {
  return report.end.type === 'quota' && report.end.resumeAt ? { resume_at: report.end.resumeAt.toISOString() } : {};
}
