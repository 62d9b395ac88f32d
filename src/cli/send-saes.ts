import { foldersOf } from '../config/folders.ts';
import { count } from '../count.ts';
import { AppError, isAway, isStopped, toAppError } from '../errors.ts';
import { sourceOf } from '../library/sae-upload.ts';
import type { OnEvent } from '../upload/events.ts';
import { readJobState } from '../upload/held-jobs.ts';
import { jobId } from '../upload/job-lock.ts';
import type { PreparedSae } from '../upload/kinds/prepared-sae.ts';
import { previewSae } from '../upload/kinds/send-sae.ts';
import { mostToSend } from '../upload/preview-job.ts';
import { isLimited, leftToday } from '../upload/quota.ts';
import { reportOf } from '../upload/report-of.ts';
import type { JobReport } from '../upload/run.ts';
import type { Server } from '../upload/server.ts';
import { isTimeUp } from '../upload/time-limit.ts';
import { type Afterwards, afterUpload, type Uploaded } from './after-upload.ts';
import type { CommandContext } from './context.ts';
import type { OptionValues } from './options.ts';
import { planDocument } from './plan-document.ts';
import { showQuota } from './quota-plan.ts';
import { receiptLost } from './receipt.ts';
import { requestsText } from './requests-plan.ts';
import { idsOf, writeSaeReceipt } from './sae-receipt.ts';
import { failedFields, tellReport } from './sae-summary.ts';
import type { SignedIn } from './session.ts';
import { withSpinner } from './spinner.ts';
import { eventReporter, lookOptions } from './upload-run.ts';

/** Shows what is on the server already and what would be sent, without writing anything. Returns the exit code. */
export async function dryRun(
  context: CommandContext,
  server: Server,
  prepared: readonly PreparedSae[],
): Promise<number> {
  const { out } = context;
  const jobs: Record<string, unknown>[] = [];
  let toSend = 0;
  let exitCode = 0;
  for (const one of prepared) {
    const source = sourceOf(one);
    const looking = withSpinner(out, `looking up ${source}`, () => previewSae(one, lookOptions(context, server)));
    const preview = await (prepared.length > 1 ? looking.catch(asOwnFault) : looking);
    if (preview instanceof AppError) {
      out.complain(preview);
      jobs.push({ source, ...failedFields(preview) });
      exitCode = Math.max(exitCode, preview.exitCode);
      continue;
    }
    out.note(
      `dry run: ${source}: ${count(preview.there)} of ${count(preview.planned)} features are on the server already, ${count(preview.toSend)} would be sent`,
    );
    if (!isLimited(server.quota) && preview.toSend > 0)
      out.note(`         ${requestsText(context, server, one, preview.toSend)}`);
    jobs.push({ ...planDocument(one), there: preview.there, toSend: preview.toSend });
    toSend += preview.toSend;
  }
  showQuota(context, server, toSend);
  out.note('dry run: nothing was sent');
  out.document({ type: 'summary', status: 'dry-run', jobs });
  return exitCode;
}

/**
 * Counts the rows that all jobs have to send: by their journals if today's quota covers that. Otherwise it looks up what the
 * server has, because that decides how many days the upload takes. Errors: those of the look-up.
 */
export async function countToSend(
  context: CommandContext,
  server: Server,
  prepared: readonly PreparedSae[],
): Promise<number> {
  const look = lookOptions(context, server);
  const most = new Map<PreparedSae, number>();
  for (const one of prepared)
    most.set(one, await mostToSend({ ...look, identity: one.identity, planned: one.planned }));
  const sum = (counts: Iterable<number>) => [...counts].reduce((all, rows) => all + rows, 0);
  if (sum(most.values()) <= leftToday(server.quota)) return sum(most.values());
  for (const one of prepared) {
    const looking = `looking up ${sourceOf(one)}`;
    // An SAE's own fault is reported when its turn comes.
    const preview = await withSpinner(context.out, looking, () => previewSae(one, look)).catch(asOwnFault);
    if (!(preview instanceof AppError)) most.set(one, preview.toSend);
  }
  return sum(most.values());
}

/** Returns an error that concerns only this one of several SAEs. Rethrows other errors. */
function asOwnFault(error: unknown): AppError {
  if (!(error instanceof AppError) || !ownFaults.has(error.code)) throw error;
  return error;
}

const ownFaults: ReadonlySet<string> = new Set(['feature_exists', 'checkpoint_mismatch', 'difference']);

/** Returns the ids to explain or score. Explaining needs examples; scoring alone uses explanations that exist. */
function explainableOf(prepared: PreparedSae, report: JobReport, { autoInterp }: OptionValues): string[] {
  const { dashboards, indices } = prepared;
  const withExamples = autoInterp && dashboards ? indices.rowsOf(dashboards.features) : undefined;
  return idsOf(prepared, report, withExamples);
}

/** Where an SAE stands in its command. */
export interface Among {
  /** Whether it is one of several. Its error is then also shown at once. */
  readonly several: boolean;
  /** Called with the path of its receipt once that is written, also if the upload failed. */
  wroteReceipt(path: string): void;
  /** Called with how far it got if its upload failed. */
  failed(soFar: JobReport): void;
}

/**
 * Sends one SAE, shows its progress, then does what was asked for afterwards. `lost` is the error of its receipt.
 * Rethrows all errors.
 */
export async function showSending(
  context: CommandContext,
  signedIn: SignedIn,
  prepared: PreparedSae,
  send: (onEvent: OnEvent) => Promise<JobReport>,
  among: Among,
): Promise<{ report: JobReport; lost: AppError | undefined; after?: Afterwards }> {
  const { out, options } = context;
  const reporter = await eventReporter(context, sourceOf(prepared));
  // Before its first progress a run may still find that the checkpoint belongs to other data or is in use by another.
  let isBegun = false;
  try {
    const report = await send((event) => {
      isBegun ||= event.type === 'progress';
      reporter.onEvent(event);
    });
    reporter.stop();
    tellReport(context, signedIn, prepared, report);
    const lost = await tellReceipt(context, signedIn, prepared, report, among);
    if (report.end.type !== 'finished') return { report, lost };
    const uploaded: Uploaded = {
      ids: () => idsOf(prepared, report),
      explainable: () => explainableOf(prepared, report, options),
    };
    return { report, lost, after: await afterUpload(context, signedIn, uploaded) };
  } catch (thrown) {
    reporter.stop();
    // Errors that end the whole command are shown at its end.
    const isOfStop = isStopped(thrown) || isTimeUp(thrown) || (context.abort.aborted && isAway(thrown));
    if (among.several && !isOfStop) out.error(toAppError(thrown));
    if (isBegun) await tellSoFar(context, signedIn, prepared, among);
    throw thrown;
  }
}

/** Tells what an upload that failed has brought to the server, or may have, and writes its receipt. */
async function tellSoFar(
  context: CommandContext,
  signedIn: SignedIn,
  prepared: PreparedSae,
  among: Among,
): Promise<void> {
  const { out, options, env } = context;
  const id = jobId(signedIn.connection.server, prepared.identity);
  // The error of the upload is the one to report.
  const state = await readJobState(foldersOf(env).state, id).catch(() => undefined);
  if (!state || state.stored.length + state.unknown.length + state.remade.length === 0) return;
  const report = reportOf(id, state, prepared.planned);
  among.failed(report);
  if (options.receipt === undefined) return;
  const lost = await tellReceipt(context, signedIn, prepared, report, among);
  if (lost) out.warn(lost.message);
}

/** Writes the receipt that was asked for and says where it is. Returns the error if it cannot be written. */
function tellReceipt(
  { out, options }: CommandContext,
  { session }: SignedIn,
  prepared: PreparedSae,
  report: JobReport,
  { several, wroteReceipt }: Among,
): Promise<AppError | undefined> {
  return receiptLost(options.receipt, async (path) => {
    const file = await writeSaeReceipt(path, session, prepared, report, several);
    out.note(`receipt  ${file}`);
    wroteReceipt(file);
  });
}
