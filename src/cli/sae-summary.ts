import type { AppError } from '../errors.ts';
import type { PreparedSae } from '../upload/kinds/sae.ts';
import type { JobReport } from '../upload/run-job.ts';
import type { Server } from '../upload/server.ts';
import type { CommandContext } from './context.ts';
import type { Afterwards } from './explain-features.ts';
import { count } from './progress.ts';
import { cannotStore } from './sae-plan.ts';
import type { Session } from './session.ts';
import { exitCodeOf, resumeFields, statusOf, tellEnd } from './upload-run.ts';

/** How one job of a command ended. */
export interface End {
  readonly source: string;
  readonly report?: JobReport;
  readonly error?: AppError;
  readonly after?: Afterwards;
}

/** Says what a job left on the server, and how to go on where it did not finish. */
export function tellReport(
  context: CommandContext,
  session: Session,
  server: Server,
  prepared: PreparedSae,
  report: JobReport,
): void {
  const { out } = context;
  const { model, place, as } = prepared;
  const before = report.found > 0 ? `, ${count(report.found)} of them there already` : '';
  out.note(
    `${count(report.confirmed)} of ${count(report.planned)} ${as} on the server${before}, ${count(report.sent)} sent now`,
  );
  for (const line of cannotStore(server, prepared)) out.note(line);
  if (report.found > 0 && as === 'features' && !server.capabilities.storesVectors) {
    out.note(
      'what was there already cannot be compared with these weights: this server does not show what it came from',
    );
  }
  tellEnd(context, report);
  if (report.end.type === 'finished') out.result(session.idOrUrl(`${model.id}/${place.source}`));
}

/** The one summary of a command, and its exit code: the worst of its jobs. */
export function finishJobs({ out }: CommandContext, ends: readonly End[]): number {
  const jobs = ends.map(({ source, report, error, after }) => ({
    source,
    ...(error && { status: 'failed', code: error.code, exitCode: error.exitCode, message: error.message }),
    ...(report && {
      status: statusOf(report),
      job: report.job,
      rows: report.planned,
      confirmed: report.confirmed,
      found: report.found,
      sent: report.sent,
      ...after?.fields,
      ...resumeFields(report),
    }),
  }));
  const paused = jobs.find((job) => 'resume_at' in job);
  const status = jobs.find((job) => job.status !== 'done')?.status ?? 'done';
  out.document({
    type: 'summary',
    status,
    jobs,
    ...(paused?.resume_at !== undefined && { resume_at: paused.resume_at }),
  });
  const codes = ends.map(({ report, error, after }) => [
    error?.exitCode ?? 0,
    report ? exitCodeOf(report) : 0,
    after?.exitCode ?? 0,
  ]);
  return Math.max(0, ...codes.flat());
}
