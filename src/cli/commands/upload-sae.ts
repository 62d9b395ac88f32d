import { AppError, toAppError } from '../../errors.ts';
import { findSaes } from '../../layouts/find.ts';
import type { Sae } from '../../layouts/sae.ts';
import { countRows } from '../../tensor/ranges.ts';
import { type PreparedSae, prepareSae, type SaeOptions } from '../../upload/kinds/sae.ts';
import { previewSae, type SendLimits, sendSae } from '../../upload/kinds/send-sae.ts';
import type { Server } from '../../upload/server.ts';
import { closeAfter } from '../close-after.ts';
import type { CommandContext } from '../context.ts';
import { whatHolds } from '../held.ts';
import type { OptionValues } from '../options.ts';
import { count } from '../progress.ts';
import { showQuota } from '../quota-plan.ts';
import { checkReceipt } from '../receipt.ts';
import { planDocument, showPlan } from '../sae-plan.ts';
import { writeSaeReceipt } from '../sae-receipt.ts';
import { type End, finishJobs, tellReport } from '../sae-summary.ts';
import { sendWhenOpen } from '../send-when-open.ts';
import { openSession, type Session } from '../session.ts';
import { withSpinner } from '../spinner.ts';
import { withTimeLimit } from '../time-limit.ts';
import { eventReporter, uploadRun } from '../upload-run.ts';

/** `upload-sae PATH…`: every SAE found is a job of its own; all are checked before the first is sent. */
export function run(given: CommandContext): Promise<number> {
  const context = withTimeLimit(given);
  const { out, options } = context;
  return closeAfter(async (own) => {
    const saes: Sae[] = [];
    for (const path of context.args) saes.push(...(await findSaes(path, options.tensor)));
    for (const sae of saes) own(sae.file);
    if (saes.length > 1 && options.layer !== undefined) {
      throw new AppError('usage', `--layer names one layer, but ${saes.length} SAEs were found`, {
        hints: ['leave --layer out: each SAE says its own; or name one SAE'],
      });
    }
    await checkReceipt(options.receipt);
    const session = own(await openSession(context));
    const { server } = own(await session.connect());
    const prepared: PreparedSae[] = [];
    for (const sae of saes) prepared.push(await prepare(context, session, sae, server));
    refuseSameSource(prepared);
    for (const one of prepared) showPlan(out, server, one);
    if (options.dryRun) return dryRun(context, session, server, prepared);
    if (server.quota?.limit) showQuota(context, server, await countToSend(session, server, prepared));
    return finishJobs(context, await sendAll(context, session, server, prepared));
  });
}

function prepare(context: CommandContext, session: Session, sae: Sae, server: Server): Promise<PreparedSae> {
  return withSpinner(context.out, `checking ${sae.path}`, (say) =>
    prepareSae(sae, saeOptions(context.options), {
      server,
      stateDir: session.folders.state,
      restart: context.options.restart ?? false,
      onEvent: (event) => {
        if (event.type === 'checking') say(`checking ${sae.path}: ${count(event.rows)} of ${count(event.total)} rows`);
      },
    }),
  );
}

function saeOptions(options: OptionValues): SaeOptions {
  const { model, layer, hook, kind, orientation, features, activations, as, label, yes, createModel } = options;
  const { skipBadRows, fixTokens } = options;
  const given = {
    ...{ model, layer, hook, kind, orientation, features, activations, as, label, yes, createModel },
    ...{ skipBadRows, fixTokens },
  };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { saeId: options.saeId as string, ...present };
}

function sendLimits({ batchSize, maxBody, concurrency }: OptionValues): SendLimits {
  return {
    ...(batchSize !== undefined && { rows: batchSize }),
    ...(maxBody !== undefined && { bytes: maxBody }),
    ...(concurrency !== undefined && { inFlight: concurrency }),
  };
}

function sourceOf({ model, place }: PreparedSae): string {
  return `${model.id}/${place.source}`;
}

/** Two SAEs in one source would be one mixture of both. */
function refuseSameSource(prepared: readonly PreparedSae[]): void {
  const seen = new Map<string, string>();
  for (const one of prepared) {
    const { sae } = one;
    const source = sourceOf(one);
    const other = seen.get(source);
    if (other !== undefined) {
      throw new AppError('layout_unknown', `${other} and ${sae.path} would both go into ${source}`, {
        hints: ['upload them under different --sae-id'],
      });
    }
    seen.set(source, sae.path);
  }
}

/** Everything but the writing: what is on the server already, and what would be sent. */
async function dryRun(
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
      previewSae(one, { server, stateDir: session.folders.state, onEvent: () => undefined }),
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
async function countToSend(session: Session, server: Server, prepared: readonly PreparedSae[]): Promise<number> {
  let rows = 0;
  for (const one of prepared) {
    const look = { server, stateDir: session.folders.state, onEvent: () => undefined, trustJournal: true };
    // What is wrong with one of them is told when its turn comes.
    const preview = await previewSae(one, look).catch(() => undefined);
    rows += preview?.toSend ?? countRows(one.planned);
  }
  return rows;
}

/** One after the other, until what stops one would stop the next too: a spent quota, or the end of the time. */
async function sendAll(
  context: CommandContext,
  session: Session,
  server: Server,
  prepared: readonly PreparedSae[],
): Promise<End[]> {
  const ends: End[] = [];
  for (const one of prepared) {
    const held = whatHolds(context, ends.at(-1));
    if (held) ends.push({ source: sourceOf(one), held });
    else ends.push(await send(context, session, server, one, prepared.length > 1));
  }
  return ends;
}

/** One failing does not stop the others; alone, its error is the command's. */
async function send(
  context: CommandContext,
  session: Session,
  server: Server,
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
    return { source, report };
  } catch (thrown) {
    reporter.stop();
    const error = toAppError(thrown);
    if (!several) throw error;
    out.error(error);
    return { source, error };
  }
}
