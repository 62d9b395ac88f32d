import type { Connection } from '../../api/connect.ts';
import { count, several } from '../../count.ts';
import type { AppError } from '../../errors.ts';
import type { Sae } from '../../layouts/sae.ts';
import { closeAfter } from '../../library/close-after.ts';
import { sourceOf } from '../../library/sae-upload.ts';
import { refusedSaes, uploadSae } from '../../library/upload-sae.ts';
import { countRows, formatRanges, type Ranges, rangesOf, subtractRanges } from '../../tensor/ranges.ts';
import type { OnEvent } from '../../upload/events.ts';
import type { PreparedSae } from '../../upload/kinds/prepared-sae.ts';
import { isLimited } from '../../upload/quota.ts';
import type { JobReport } from '../../upload/run.ts';
import { isTimeUp } from '../../upload/time-limit.ts';
import { type Afterwards, checkAfterwards, wantsExplaining } from '../after-upload.ts';
import type { CommandContext } from '../context.ts';
import { warnNotStored } from '../not-stored.ts';
import type { Output } from '../output.ts';
import { planDocument } from '../plan-document.ts';
import { showQuota } from '../quota-plan.ts';
import { checkReceiptFolder } from '../receipt.ts';
import { saeOptions } from '../sae-options.ts';
import { showPlan } from '../sae-plan.ts';
import { checkSaeReceipts } from '../sae-receipt.ts';
import { finishJobs, finishRefused, finishUnbegun } from '../sae-summary.ts';
import { checkSaeUsage, refuseSamePath } from '../sae-usage.ts';
import { countToSend, dryRun, showSending } from '../send-saes.ts';
import { signingIn } from '../session.ts';
import { withSpinner } from '../spinner.ts';
import { showSweep } from '../sweep-plan.ts';
import { withTimeLimit } from '../time-limit.ts';
import { withExample } from '../unsaid-place.ts';
import { runOptions } from '../upload-run.ts';

/** `upload-sae PATH…`: uploads every SAE found, each as a job of its own. All are checked before the first is sent. */
export function run(context: CommandContext): Promise<number> {
  return withTimeLimit(context, upload).catch((error) => {
    if (isTimeUp(error)) return finishUnbegun(context, error);
    const told = withExample(error, context.command);
    const refused = refusedSaes(told);
    if (refused) return finishRefused(context, told as AppError, refused);
    throw told;
  });
}

function upload(context: CommandContext): Promise<number> {
  const { options } = context;
  checkSaeUsage(options);
  return closeAfter(async (own) => {
    await refuseSamePath(context.args);
    /** The number of SAEs if there are several, else 0; and how many of them were begun. */
    let total = 0;
    let begun = 0;
    let dryRunCode = 0;
    let lostReceipt: AppError | undefined;
    const afters = new Map<PreparedSae, Afterwards | undefined>();
    const receipts = new Map<PreparedSae, string>();
    const failed = new Map<PreparedSae, JobReport>();
    const signedIn = signingIn(context, own, () => checkReceiptFolder(options.receipt));
    const server = async () => (await signedIn()).connection.server;
    const ends = await uploadSae(
      context.args,
      { ...saeOptions(options), ...runOptions(context), server },
      {
        leftOut: (message) => warn(context.out, message),
        checking: (sae, check) => showChecking(context, sae, check),
        planned: async (prepared) => {
          total = prepared.length > 1 ? prepared.length : 0;
          const { connection } = await signedIn();
          await showPlans(context, connection, prepared);
          if (options.dryRun) dryRunCode = await dryRun(context, connection.server, prepared);
          return !options.dryRun;
        },
        sending: async (prepared, send) => {
          begun++;
          if (total) context.out.note(`sending ${sourceOf(prepared)} (${begun} of ${total})`);
          const { report, after, lost } = await showSending(context, await signedIn(), prepared, send, {
            several: total > 0,
            wroteReceipt: (path) => receipts.set(prepared, path),
            failed: (soFar) => failed.set(prepared, soFar),
          });
          lostReceipt ??= lost;
          afters.set(prepared, after);
          return report;
        },
      },
    );
    if (options.dryRun) return dryRunCode;
    const code = finishJobs(
      context,
      (await signedIn()).session,
      ends.map((end) => {
        const { prepared } = end;
        const soFar = end.error && failed.get(prepared);
        return { ...end, soFar, after: afters.get(prepared), receipt: receipts.get(prepared) };
      }),
    );
    if (lostReceipt) throw lostReceipt;
    return code;
  });
}

/** Shows what is going to be sent. Errors: those of checking receipts and explanations, and of the look-up. */
async function showPlans(
  context: CommandContext,
  { server, http }: Connection,
  prepared: readonly PreparedSae[],
): Promise<void> {
  const { out, options } = context;
  const isSweep = prepared.length > 1;
  tellMissingLayers(out, options.layers, prepared);
  await checkSaeReceipts(options.receipt, prepared);
  if (!isSweep || out.verbose) for (const one of prepared) showPlan(out, server, one);
  if (isSweep) showSweep(out, server, prepared);
  for (const one of prepared) out.document({ type: 'plan', ...planDocument(one) });
  const lost = prepared.map(({ notStored, lostFields }) => ({ ...notStored, ...lostFields }));
  warnNotStored(out, server, lost);
  await checkExplainable(context, http, prepared);
  if (options.dryRun || !isLimited(server.quota)) return;
  showQuota(context, server, await countToSend(context, server, prepared));
}

function warn(out: Output, message: string): void {
  out.warn(message);
  out.document({ type: 'warning', message });
}

/** Warns of layers without an SAE. That is common with a range such as `0-11`, but likely a mistake with `3,20`. */
function tellMissingLayers(out: Output, asked: Ranges | undefined, prepared: readonly PreparedSae[]): void {
  const missing = subtractRanges(asked ?? [], rangesOf(prepared.map(({ place }) => place.layer.value)));
  if (missing.length === 0) return;
  const those = countRows(missing) === 1 ? 'that layer' : 'those layers';
  warn(out, `--layers asks for ${formatRanges(missing)}, and no SAE of ${those} was found`);
}

function showChecking<T>({ out }: CommandContext, sae: Sae, check: (onEvent: OnEvent) => Promise<T>): Promise<T> {
  return withSpinner(out, `checking ${sae.path}`, (say) =>
    check((event) => {
      if (event.type === 'checking') say(`checking ${sae.path}: ${count(event.rows)} of ${count(event.total)} rows`);
    }),
  );
}

/** Checks that the server would explain features of each SAE. Errors: those of `checkAfterwards`. */
async function checkExplainable(
  { out, options }: CommandContext,
  http: Connection['http'],
  prepared: readonly PreparedSae[],
): Promise<void> {
  const { interpLimit } = options;
  if (wantsExplaining(options) && interpLimit !== undefined && prepared.length > 1) {
    const all = `${several(interpLimit, 'feature')} of each SAE, ${count(interpLimit * prepared.length)} in all`;
    out.note(`explain  up to ${all}: each explanation and each score is a paid call`);
  }
  for (const { model, source, dashboards } of prepared) {
    await checkAfterwards(options, http, { model: model.id, source }, dashboards !== undefined);
  }
}
