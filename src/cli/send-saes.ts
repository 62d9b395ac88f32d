import { count } from '../count.ts';
import { AppError, isAway, isStopped, toAppError } from '../errors.ts';
import { uploadCost } from '../inspect/upload-cost.ts';
import { sourceOf } from '../library/sae-upload.ts';
import type { OnEvent } from '../upload/events.ts';
import { readJobState } from '../upload/held-jobs.ts';
import { jobId } from '../upload/job.ts';
import type { PreparedSae } from '../upload/kinds/prepared-sae.ts';
import { limited, previewSae } from '../upload/kinds/send-sae.ts';
import { mostToSend } from '../upload/preview-job.ts';
import { isLimited, leftToday } from '../upload/quota.ts';
import { reportOf } from '../upload/report-of.ts';
import type { JobReport, SendLimits } from '../upload/run.ts';
import type { Server } from '../upload/server.ts';
import { isTimeUp } from '../upload/time-limit.ts';
import { type Afterwards, afterUpload, type Uploaded } from './after-upload.ts';
import type { CommandContext } from './context.ts';
import { size as byteSize } from './inspect/numbers.ts';
import type { OptionValues } from './options.ts';
import { planDocument } from './plan-document.ts';
import { showQuota } from './quota-plan.ts';
import { receiptLost } from './receipt.ts';
import { idsOf, writeSaeReceipt } from './sae-receipt.ts';
import { tellReport } from './sae-summary.ts';
import type { Session, SignedIn } from './session.ts';
import { withSpinner } from './spinner.ts';
import { eventReporter, lookOptions } from './upload-run.ts';

/** Ceilings that the options set. */
export function sendLimits({ batchSize, maxBody, concurrency }: OptionValues): SendLimits {
  return {
    ...(batchSize !== undefined && { rows: batchSize }),
    ...(maxBody !== undefined && { bytes: maxBody }),
    ...(concurrency !== undefined && { inFlight: concurrency }),
  };
}

/** Everything but the writing: what is on the server already, and what would be sent. */
export async function dryRun(
  context: CommandContext,
  session: Session,
  server: Server,
  prepared: readonly PreparedSae[],
): Promise<number> {
  const { out } = context;
  const jobs: Record<string, unknown>[] = [];
  let toSend = 0;
  let exitCode = 0;
  for (const one of prepared) {
    const source = sourceOf(one);
    const looking = withSpinner(out, `looking up ${source}`, () =>
      previewSae(one, lookOptions(context, session, server)),
    );
    const preview = await (prepared.length > 1 ? looking.catch(asOwnFault) : looking);
    if (preview instanceof AppError) {
      const { code, message } = preview;
      out.complain(preview);
      jobs.push({ source, status: 'failed', code, exitCode: preview.exitCode, message });
      exitCode = Math.max(exitCode, preview.exitCode);
      continue;
    }
    out.note(
      `dry run: ${source}: ${count(preview.there)} of ${count(preview.planned)} features are there, ${count(preview.toSend)} would be sent`,
    );
    if (!isLimited(server.quota) && preview.toSend > 0)
      out.note(`         ${finishText(preview.toSend, one, sendLimits(context.options))}`);
    jobs.push({ ...planDocument(one), there: preview.there, toSend: preview.toSend });
    toSend += preview.toSend;
  }
  showQuota(context, server, toSend);
  out.note('dry run: nothing was sent');
  out.document({ type: 'summary', status: 'dry-run', jobs });
  return exitCode;
}

/** Without a daily limit it is the server's pace that says when an upload ends; what it has to take can be told. */
function finishText(rows: number, { matrix, dashboards, delivery }: PreparedSae, limits: SendLimits): string {
  const { format, maxRows, maxBytes, serverNames } = limited(delivery, limits);
  if (serverNames) return `no daily limit: in ${count(rows)} requests, at the server's pace`;
  const width = format.values ? matrix.width : 0;
  const { requests, bytes } = uploadCost(rows, width, { rows: maxRows, bytes: maxBytes });
  const vectors = format.values ? [`${byteSize(bytes)} in all`] : [];
  const what = [...vectors, ...(dashboards ? ['the examples'] : [])].join(' and ');
  // How large examples are is not told by their number.
  const many = `${dashboards ? 'at least' : 'about'} ${count(requests)} ${requests === 1 ? 'request' : 'requests'}`;
  return `no daily limit: in ${many} of ${what}, at the server's pace`;
}

/**
 * Rows that all jobs together have to send: by their journals where the quota takes these today, else what is there already is
 * looked up, for it decides about days. Errors: those of the look-up.
 */
export async function countToSend(
  context: CommandContext,
  session: Session,
  server: Server,
  prepared: readonly PreparedSae[],
): Promise<number> {
  const look = lookOptions(context, session, server);
  const most = new Map<PreparedSae, number>();
  for (const one of prepared)
    most.set(one, await mostToSend({ ...look, identity: one.identity, planned: one.planned }));
  const sum = (counts: Iterable<number>) => [...counts].reduce((all, rows) => all + rows, 0);
  if (sum(most.values()) <= leftToday(server.quota)) return sum(most.values());
  for (const one of prepared) {
    const looking = `looking up ${sourceOf(one)}`;
    // What is wrong with one is for its own turn to tell.
    const preview = await withSpinner(context.out, looking, () => previewSae(one, look)).catch(asOwnFault);
    if (!(preview instanceof AppError)) most.set(one, preview.toSend);
  }
  return sum(most.values());
}

/** What is wrong with one of several, which says nothing of the others. Errors: others. */
function asOwnFault(error: unknown): AppError {
  if (!(error instanceof AppError) || !ownFaults.has(error.code)) throw error;
  return error;
}

const ownFaults: ReadonlySet<string> = new Set(['feature_exists', 'checkpoint_mismatch', 'difference']);

/** An explanation is made from examples; what is only to be scored has one already. */
function explainableOf(prepared: PreparedSae, report: JobReport, { autoInterp }: OptionValues): string[] {
  const { dashboards, indices } = prepared;
  const withExamples = autoInterp && dashboards ? indices.rowsOf(dashboards.features) : undefined;
  return idsOf(prepared, report, withExamples);
}

/**
 * Sends one, shows how it goes, and does what was asked for once it is there; `lost` is the error of its receipt. Of several,
 * its error is told at once.
 */
export async function showSending(
  context: CommandContext,
  { session, connection }: SignedIn,
  prepared: PreparedSae,
  send: (onEvent: OnEvent) => Promise<JobReport>,
  several: boolean,
): Promise<{ report: JobReport; lost: AppError | undefined; after?: Afterwards }> {
  const { out, options } = context;
  const { server, http } = connection;
  const reporter = await eventReporter(context, sourceOf(prepared));
  // Until it makes progress a run may still turn out to be of other data than the checkpoint, or another's.
  let isBegun = false;
  try {
    const report = await send((event) => {
      isBegun ||= event.type === 'progress';
      reporter.onEvent(event);
    });
    reporter.stop();
    tellReport(context, session, server, prepared, report);
    const lost = await receiptLost(options.receipt, async (path) => {
      const file = await writeSaeReceipt(path, session, prepared, report, several);
      context.out.note(`receipt  ${file}`);
    });
    if (report.end.type !== 'finished') return { report, lost };
    const uploaded: Uploaded = {
      ids: () => idsOf(prepared, report),
      explainable: () => explainableOf(prepared, report, options),
    };
    return { report, lost, after: await afterUpload(context, session, http, uploaded) };
  } catch (thrown) {
    reporter.stop();
    // What ends the whole command is told at its end.
    const isOfStop = isStopped(thrown) || isTimeUp(thrown) || (context.abort.aborted && isAway(thrown));
    if (several && !isOfStop) out.error(toAppError(thrown));
    if (isBegun) await receiptSoFar(context, session, server, prepared, several);
    throw thrown;
  }
}

/** Of an upload that failed, the receipt of what it has brought to the server, or may have. */
async function receiptSoFar(
  { out, options }: CommandContext,
  session: Session,
  server: Server,
  prepared: PreparedSae,
  several: boolean,
): Promise<void> {
  const id = jobId(server, prepared.identity);
  const state = options.receipt === undefined ? undefined : await readJobState(session.folders.state, id);
  if (!state || state.stored.length + state.unknown.length === 0) return;
  const lost = await receiptLost(options.receipt, async (path) => {
    const report = reportOf(id, state, prepared.planned);
    out.note(`receipt  ${await writeSaeReceipt(path, session, prepared, report, several)}`);
  });
  if (lost) out.warn(lost.message);
}
