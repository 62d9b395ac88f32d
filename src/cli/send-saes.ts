import type { Connection } from '../api/connect.ts';
import { toAppError } from '../errors.ts';
import { countRows } from '../tensor/ranges.ts';
import type { PreparedSae } from '../upload/kinds/sae.ts';
import { previewSae, type SendLimits, sendSae } from '../upload/kinds/send-sae.ts';
import type { JobReport } from '../upload/run-job.ts';
import type { Server } from '../upload/server.ts';
import { afterUpload } from './after-upload.ts';
import type { CommandContext } from './context.ts';
import { whatHolds } from './held.ts';
import type { OptionValues } from './options.ts';
import { count } from './progress.ts';
import { showQuota } from './quota-plan.ts';
import { planDocument } from './sae-plan.ts';
import { idsOf, writeSaeReceipt } from './sae-receipt.ts';
import { type End, tellReport } from './sae-summary.ts';
import { sendWhenOpen } from './send-when-open.ts';
import type { Session } from './session.ts';
import { withSpinner } from './spinner.ts';
import { eventReporter, uploadRun } from './upload-run.ts';

function sendLimits({ batchSize, maxBody, concurrency }: OptionValues): SendLimits {
  return {
    ...(batchSize !== undefined && { rows: batchSize }),
    ...(maxBody !== undefined && { bytes: maxBody }),
    ...(concurrency !== undefined && { inFlight: concurrency }),
  };
}

/** Where the rows of an SAE go, as the server names it. */
export function sourceOf({ model, place }: PreparedSae): string {
  return `${model.id}/${place.source}`;
}

/** What looking ahead needs. */
function lookOf({ options }: CommandContext, { folders }: Session, server: Server) {
  return { server, stateDir: folders.state, restart: options.restart ?? false, onEvent: () => undefined };
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
  for (const one of prepared) {
    const source = sourceOf(one);
    const preview = await withSpinner(out, `looking up ${source}`, () =>
      previewSae(one, lookOf(context, session, server)),
    );
    out.note(
      `dry run: ${source}: ${count(preview.there)} of ${count(preview.planned)} features are there, ${count(preview.toSend)} would be sent`,
    );
    jobs.push({ ...planDocument(one), there: preview.there, toSend: preview.toSend });
    toSend += preview.toSend;
  }
  showQuota(context, server, toSend);
  out.note('dry run: nothing was sent');
  out.document({ type: 'summary', status: 'dry-run', jobs });
  return 0;
}

/** Rows that all jobs together still have to send, as far as journals and server tell before the first of them. */
export async function countToSend(
  context: CommandContext,
  session: Session,
  server: Server,
  prepared: readonly PreparedSae[],
): Promise<number> {
  let rows = 0;
  for (const one of prepared) {
    const look = { ...lookOf(context, session, server), trustJournal: true };
    // What is wrong with one of them is told when its turn comes.
    const preview = await previewSae(one, look).catch(() => undefined);
    rows += preview?.toSend ?? countRows(one.planned);
  }
  return rows;
}

/** One after the other, until what stops one would stop the next too: a spent quota, or the end of the time. */
export async function sendAll(
  context: CommandContext,
  session: Session,
  connection: Pick<Connection, 'server' | 'http'>,
  prepared: readonly PreparedSae[],
): Promise<End[]> {
  const ends: End[] = [];
  for (const one of prepared) {
    const held = whatHolds(context, ends.at(-1));
    if (held) ends.push({ source: sourceOf(one), held });
    else ends.push(await send(context, session, connection, one, prepared.length > 1));
  }
  return ends;
}

/** An explanation is made from examples; what is only to be scored has one already. */
function explainableOf(prepared: PreparedSae, report: JobReport, { autoInterp }: OptionValues): string[] {
  const { dashboards, indices } = prepared;
  const withExamples = autoInterp && dashboards ? indices.rowsOf(dashboards.features) : undefined;
  return idsOf(prepared, report, withExamples);
}

/** One failing does not stop the others; alone, its error is the command's. */
async function send(
  context: CommandContext,
  session: Session,
  { server, http }: Pick<Connection, 'server' | 'http'>,
  prepared: PreparedSae,
  several: boolean,
): Promise<End> {
  const { out, options } = context;
  const source = sourceOf(prepared);
  const reporter = eventReporter(context, source);
  try {
    const upload = await uploadRun(context, session, server, reporter.onEvent);
    const report = await sendWhenOpen(context, upload, () => sendSae(prepared, sendLimits(options), upload));
    reporter.stop();
    tellReport(context, session, server, prepared, report);
    if (options.receipt !== undefined) await writeSaeReceipt(options.receipt, session, prepared, report, several);
    const after =
      report.end.type === 'finished' &&
      (await afterUpload(context, session, http, idsOf(prepared, report), explainableOf(prepared, report, options)));
    return { source, report, prepared, ...(after && { after }) };
  } catch (thrown) {
    reporter.stop();
    const error = toAppError(thrown);
    if (!several) throw error;
    out.error(error);
    return { source, error };
  }
}
