import { count } from '../count.ts';
import type { AppError } from '../errors.ts';
import { type SaeEnd, sourceOf } from '../library/sae-upload.ts';
import type { RefusedSae } from '../library/upload-sae.ts';
import { present } from '../present.ts';
import { countRows, intersectRanges } from '../tensor/ranges.ts';
import type { PreparedSae } from '../upload/kinds/prepared-sae.ts';
import type { JobReport } from '../upload/run.ts';
import { formatShard, nameShard } from '../upload/shard.ts';
import { timeIsUpText } from '../upload/time-limit.ts';
import type { Afterwards } from './after-upload.ts';
import type { CommandContext } from './context.ts';
import { lostNames } from './plan-document.ts';
import { quarantineFields } from './quarantine.ts';
import { cannotStore } from './sae-plan.ts';
import type { Session, SignedIn } from './session.ts';
import { exitCodeOf, resumeFields, statusOf, tellEnd } from './upload-run.ts';

/**
 * How one job of a command ended, how far it got if it failed, what was done with its features afterwards, and the path of
 * its receipt.
 */
export type End = SaeEnd & {
  readonly soFar?: JobReport | undefined;
  readonly after?: Afterwards | undefined;
  readonly receipt?: string | undefined;
};

/** Says what a job brought to the server, and how to go on if it did not finish. */
export function tellReport(
  context: CommandContext,
  { session, connection: { server } }: SignedIn,
  prepared: PreparedSae,
  report: JobReport,
): void {
  const { out } = context;
  const { as, shard } = prepared;
  const before = report.found > 0 ? `, ${count(report.found)} of them there already` : '';
  const unknown = unknownOf(prepared, report);
  const open = unknown > 0 ? `, ${count(unknown)} without an answer` : '';
  out.note(
    `${count(report.confirmed)} of ${count(report.planned)} ${as} on the server${before}, ${count(report.sent)} sent now${open}${shard ? ` (${nameShard(shard)} only)` : ''}`,
  );
  for (const line of cannotStore(server, prepared)) out.note(line);
  const dead = countRows(prepared.dead);
  if (dead > 0) out.note(`${count(dead)} dead features left out (--skip-dead)`);
  if (report.found > 0 && as === 'features' && !server.capabilities.storesVectors) {
    out.note(
      'rows that were already there cannot be compared with these weights: this server does not show which weights they came from',
    );
  }
  if (report.found > 0 && server.capabilities.storesAttributes) {
    out.note(
      'of the rows that were already there only the values were compared; their descriptions and metadata are unchanged',
    );
  }
  tellEnd(context, report, prepared.delivery.format);
  if (report.end.type === 'finished') out.result(session.idOrUrl(sourceOf(prepared)));
}

/** Writes the summary of a command. Returns its exit code, the highest of those of its jobs. */
export function finishJobs(context: CommandContext, { idOrUrl }: Session, ends: readonly End[]): number {
  const jobs = ends.map(({ source, prepared, report, error, soFar, held, after, receipt }) => ({
    source,
    ...present({ url: report?.end.type === 'finished' ? idOrUrl(source) : undefined, receipt }),
    ...(report && preparedFields(prepared)),
    ...(held && { status: statusOf(held), sent: 0, ...resumeFields(held) }),
    ...(error && failedFields(error)),
    ...(soFar && storedFields(prepared, soFar)),
    ...(report && {
      status: statusOf(report),
      ...storedFields(prepared, report),
      found: report.found,
      sent: report.sent,
      ...quarantineFields(report.quarantined, prepared.delivery.format),
      ...after?.fields,
      ...resumeFields(report),
    }),
  }));
  const paused = jobs.find((job) => 'resume_at' in job);
  const { shard } = context.options;
  context.out.document({
    type: 'summary',
    status: worstStatus(ends),
    ...(shard && { shard: formatShard(shard), note: `${nameShard(shard)} only` }),
    jobs,
    ...(paused?.resume_at !== undefined && { resume_at: paused.resume_at }),
  });
  tellHeld(context, ends);
  tellAll(context, ends);
  return Math.max(0, ...ends.map(exitCodeOfEnd));
}

/** Returns the status of the job with the highest exit code. Interrupted jobs come first: signals set the code elsewhere. */
function worstStatus(ends: readonly End[]): string {
  const all = ends.map((end) => ({ status: statusOfEnd(end), code: exitCodeOfEnd(end) }));
  const interrupted = all.find(({ status }) => status === 'interrupted');
  const open = all.filter(({ status }) => status !== 'done').sort((a, b) => b.code - a.code);
  return (interrupted ?? open[0])?.status ?? 'done';
}

function statusOfEnd({ report, error, held, after }: End): string {
  if (error) return failedFields(error).status;
  if (held) return statusOf(held);
  const status = report ? statusOf(report) : 'done';
  const isAfter = after && after.status !== 'done' && after.exitCode >= (report ? exitCodeOf(report) : 0);
  return isAfter ? after.status : status;
}

/** Writes the summary of a command whose time was up before any job was known. Returns its exit code. */
export function finishUnbegun({ out, command }: CommandContext, { message, details, exitCode }: AppError): number {
  out.document({ type: 'summary', status: 'paused', jobs: [], ...details });
  out.note(`paused: ${message}; go on with: ${command}`);
  return exitCode;
}

/** Writes the summary of a command that sent nothing because some SAEs failed the checks. Returns its exit code. */
export function finishRefused({ out }: CommandContext, error: AppError, refused: readonly RefusedSae[]): number {
  out.complain(error);
  const jobs = refused.map(({ sae, hints, ...why }) => ({
    source: sae,
    status: 'failed',
    ...why,
    hint: hints.join('\n'),
  }));
  out.document({ type: 'summary', status: 'failed', jobs });
  return error.exitCode;
}

function storedFields(prepared: PreparedSae, report: JobReport): Record<string, unknown> {
  const { job, planned: rows, confirmed } = report;
  return { job, rows, confirmed, ...unknownField(unknownOf(prepared, report)) };
}

function preparedFields(prepared: PreparedSae): Record<string, unknown> {
  const [dead, withoutExamples] = [countRows(prepared.dead), countRows(prepared.withoutExamples)];
  return {
    notStored: lostNames(prepared),
    ...(dead > 0 && { dead }),
    ...(withoutExamples > 0 && { withoutExamples }),
  };
}

/** Sums up several jobs in one line. */
function tellAll({ out }: CommandContext, ends: readonly End[]): void {
  if (ends.length < 2) return;
  const reports = ends.flatMap(({ report, soFar }) => report ?? soFar ?? []);
  const sum = (of: (report: JobReport) => number) => count(reports.reduce((total, report) => total + of(report), 0));
  const done = ends.filter((end) => statusOfEnd(end) === 'done').length;
  out.note(
    `${count(done)} of ${count(ends.length)} SAEs done: ${sum(({ confirmed }) => confirmed)} rows on the server, ${sum(({ sent }) => sent)} sent now`,
  );
}

/** Says which jobs were not begun, why, and how to go on with them. */
function tellHeld({ out, command }: CommandContext, ends: readonly End[]): void {
  const sources = ends.filter(({ held }) => held).map(({ source }) => source);
  const end = ends.find(({ held }) => held)?.held?.end;
  if (!end) return;
  const why = end.type === 'quota' ? end.why : end.type === 'time_up' ? timeIsUpText : 'stopped';
  out.note(`not begun: ${sources.join(', ')} (${why}); go on with: ${command}`);
}

function exitCodeOfEnd({ report, error, held, after }: End): number {
  if (held) return exitCodeOf(held);
  return error?.exitCode ?? Math.max(report ? exitCodeOf(report) : 0, after?.exitCode ?? 0);
}

/** Returns how many of the planned rows were sent and had no answer. */
function unknownOf({ planned }: PreparedSae, { unknown }: JobReport): number {
  return countRows(intersectRanges(planned, unknown));
}

const unknownField = (unknown: number) => (unknown > 0 ? { unknown } : {});

/** Returns the fields of a job that failed, or that would. */
export function failedFields({ code, exitCode, message, hints, details }: AppError) {
  const paused = code === 'paused';
  const rows = code === 'outcome_unknown' && Array.isArray(details.rows) ? details.rows.length : 0;
  return {
    status: paused ? 'paused' : 'failed',
    ...{ code, exitCode, message },
    ...(hints.length > 0 && { hint: hints.join('\n') }),
    ...unknownField(rows),
    ...(paused && details.resume_at !== undefined && { resume_at: details.resume_at }),
  };
}
