import type { Connection } from '../../api/connect.ts';
import { AppError, toAppError } from '../../errors.ts';
import { findSaes } from '../../layouts/find.ts';
import type { Sae } from '../../layouts/sae.ts';
import { type PreparedSae, prepareSae, type SaeOptions } from '../../upload/kinds/sae.ts';
import { previewSae, type SendLimits, sendSae } from '../../upload/kinds/send-sae.ts';
import type { Server } from '../../upload/server.ts';
import { afterUpload, checkAfterwards, wantsExplaining } from '../after-upload.ts';
import { attributesOf } from '../attributes.ts';
import { closeAfter } from '../close-after.ts';
import type { CommandContext } from '../context.ts';
import { warnNotStored } from '../not-stored.ts';
import type { OptionValues } from '../options.ts';
import { count } from '../progress.ts';
import { checkReceipt } from '../receipt.ts';
import { planDocument, showPlan } from '../sae-plan.ts';
import { idsOf, writeSaeReceipt } from '../sae-receipt.ts';
import { type End, finishJobs, tellReport } from '../sae-summary.ts';
import { openSession, type Session } from '../session.ts';
import { withSpinner } from '../spinner.ts';
import { eventReporter, uploadRun } from '../upload-run.ts';

/** `upload-sae PATH…`: every SAE found is a job of its own; all are checked before the first is sent. */
export function run(context: CommandContext): Promise<number> {
  const { out, options, stop } = context;
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
    const { server, http } = own(await session.connect());
    const prepared: PreparedSae[] = [];
    for (const sae of saes) prepared.push(await prepare(context, session, sae, server));
    refuseSameSource(prepared);
    for (const one of prepared) showPlan(out, server, one);
    warnNotStored(
      out,
      server,
      prepared.map(({ notStored }) => notStored),
    );
    await checkExplainable(context, http, prepared);
    if (options.dryRun) return dryRun(context, session, server, prepared);
    const ends: End[] = [];
    for (const one of prepared)
      if (!stop.aborted) ends.push(await send(context, session, { server, http }, one, prepared.length > 1));
    return finishJobs(context, ends);
  });
}

function prepare(context: CommandContext, session: Session, sae: Sae, server: Server): Promise<PreparedSae> {
  return withSpinner(context.out, `checking ${sae.path}`, (say) =>
    prepareSae(sae, saeOptions(context.options), {
      server,
      stateDir: session.folders.state,
      restart: context.options.restart ?? false,
      onEvent: (event) => {
        // Told after each block: a file of many gigabytes is not read to its end once the user has had enough.
        context.stop.throwIfAborted();
        if (event.type === 'checking') say(`checking ${sae.path}: ${count(event.rows)} of ${count(event.total)} rows`);
      },
    }),
  );
}

function saeOptions(options: OptionValues): SaeOptions {
  const { model, layer, hook, kind, orientation, features, activations, as, label, yes, createModel } = options;
  const given = { model, layer, hook, kind, orientation, features, activations, as, label, yes, createModel };
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { saeId: options.saeId as string, attributes: attributesOf(options), ...present };
}

function sendLimits({ batchSize, maxBody, concurrency }: OptionValues): SendLimits {
  return {
    ...(batchSize !== undefined && { rows: batchSize }),
    ...(maxBody !== undefined && { bytes: maxBody }),
    ...(concurrency !== undefined && { inFlight: concurrency }),
  };
}

/** Two SAEs in one source would be one mixture of both. */
function refuseSameSource(prepared: readonly PreparedSae[]): void {
  const seen = new Map<string, string>();
  for (const { model, place, sae } of prepared) {
    const source = `${model.id}/${place.source}`;
    const other = seen.get(source);
    if (other !== undefined) {
      throw new AppError('layout_unknown', `${other} and ${sae.path} would both go into ${source}`, {
        hints: ['upload them under different --sae-id'],
      });
    }
    seen.set(source, sae.path);
  }
}

/** Each explanation is paid for, so how many are wanted must be said. Errors: usage, and those of `checkAfterwards`. */
async function checkExplainable(
  { options }: CommandContext,
  http: Connection['http'],
  prepared: readonly PreparedSae[],
): Promise<void> {
  if (wantsExplaining(options) && options.interpLimit === undefined) {
    throw new AppError('usage', '--auto-interp and --score are paid calls of a language model, one a feature', {
      hints: ['say how many features are to be explained or scored: --interp-limit N'],
    });
  }
  for (const { model, place, dashboards } of prepared) {
    await checkAfterwards(options, http, { model: model.id, source: place.source }, dashboards !== undefined);
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
  for (const one of prepared) {
    const source = `${one.model.id}/${one.place.source}`;
    const preview = await withSpinner(out, `looking up ${source}`, () =>
      previewSae(one, { server, stateDir: session.folders.state, onEvent: () => undefined }),
    );
    out.note(
      `dry run: ${source}: ${count(preview.there)} of ${count(preview.planned)} features are there, ${count(preview.toSend)} would be sent`,
    );
    jobs.push({ ...planDocument(one), there: preview.there, toSend: preview.toSend });
  }
  out.note('dry run: nothing was sent');
  out.document({ type: 'summary', status: 'dry-run', jobs });
  return 0;
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
  const source = `${prepared.model.id}/${prepared.place.source}`;
  const reporter = eventReporter(context, source);
  try {
    const upload = await uploadRun(context, session, server, reporter.onEvent);
    const report = await sendSae(prepared, sendLimits(options), upload);
    reporter.stop();
    tellReport(context, session, server, prepared, report);
    if (options.receipt !== undefined) await writeSaeReceipt(options.receipt, session, prepared, report, several);
    const after =
      report.end.type === 'finished' && (await afterUpload(context, session, http, idsOf(prepared, report)));
    return { source, report, ...(after && { after }) };
  } catch (thrown) {
    reporter.stop();
    const error = toAppError(thrown);
    if (!several) throw error;
    out.error(error);
    return { source, error };
  }
}
