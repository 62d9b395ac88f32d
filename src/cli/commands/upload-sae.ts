import type { Connection } from '../../api/connect.ts';
import { AppError } from '../../errors.ts';
import { findSaes } from '../../layouts/find.ts';
import type { Sae } from '../../layouts/sae.ts';
import { type PreparedSae, prepareSae } from '../../upload/kinds/sae.ts';
import type { Server } from '../../upload/server.ts';
import { checkAfterwards, wantsExplaining } from '../after-upload.ts';
import { chooseSaes } from '../choose-saes.ts';
import { closeAfter } from '../close-after.ts';
import type { CommandContext } from '../context.ts';
import { warnNotStored } from '../not-stored.ts';
import type { OptionValues } from '../options.ts';
import { count } from '../progress.ts';
import { showQuota } from '../quota-plan.ts';
import { checkReceipt } from '../receipt.ts';
import { saeOptions } from '../sae-options.ts';
import { showPlan, titleOf } from '../sae-plan.ts';
import { finishJobs } from '../sae-summary.ts';
import { countToSend, dryRun, sendAll, sourceOf } from '../send-saes.ts';
import { openSession, type Session } from '../session.ts';
import { withSpinner } from '../spinner.ts';
import { throwIfSignalled, withTimeLimit } from '../time-limit.ts';

/** `upload-sae PATH…`: every SAE found is a job of its own; all are checked before the first is sent. */
export function run(given: CommandContext): Promise<number> {
  const context = withTimeLimit(given);
  const { out, options } = context;
  refuseWholesOfShard(options);
  return closeAfter(async (own) => {
    const found: Sae[] = [];
    for (const path of context.args) {
      const saes = await findSaes(path, options.tensor, options.headAxis);
      for (const sae of saes) own(sae.file);
      found.push(...saes);
    }
    const saes = chooseSaes(found, options);
    await checkReceipt(options.receipt);
    const session = own(await openSession(context));
    const { server, http } = own(await session.connect());
    const prepared: PreparedSae[] = [];
    for (const sae of saes) prepared.push(own(await prepare(context, session, sae, server)));
    refuseSameSource(prepared);
    for (const one of prepared) showPlan(out, server, one);
    warnNotStored(
      out,
      server,
      prepared.map(({ notStored, lostFields }) => ({ ...notStored, ...lostFields })),
    );
    await checkExplainable(context, http, prepared);
    if (options.dryRun) return dryRun(context, session, server, prepared);
    if (server.quota?.limit) showQuota(context, server, await countToSend(context, session, server, prepared));
    return finishJobs(context, await sendAll(context, session, { server, http }, prepared));
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
        throwIfSignalled(context);
        if (event.type === 'checking') say(`checking ${sae.path}: ${count(event.rows)} of ${count(event.total)} rows`);
      },
    }),
  );
}

/** What is done once with all features: each shard would do it, at the same time. Error: usage. */
function refuseWholesOfShard({ shard, list, autoInterp, score }: OptionValues): void {
  if (!shard || !(list !== undefined || autoInterp || score !== undefined)) return;
  throw new AppError(
    'usage',
    '--list, --auto-interp and --score are for a whole upload, and --shard is a part of one',
    {
      hints: ['upload all shards, then run the command once more without --shard: it finds the rows and does the rest'],
    },
  );
}

/** Two SAEs in one source would be one mixture of both. */
function refuseSameSource(prepared: readonly PreparedSae[]): void {
  const seen = new Map<string, Sae>();
  for (const one of prepared) {
    const { sae } = one;
    const source = sourceOf(one);
    const other = seen.get(source);
    if (other !== undefined) {
      throw new AppError('layout_unknown', `${titleOf(other)} and ${titleOf(sae)} would both go into ${source}`, {
        hints:
          other.file === sae.file
            ? ['put {head} into --sae-id, or say with --head I=MODEL:LAYER that they belong to different places']
            : ['upload them under different --sae-id, or choose with --layers'],
      });
    }
    seen.set(source, sae);
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
  if (options.autoInterp && options.as === 'vectors') {
    throw new AppError('usage', '--auto-interp explains features from their examples, and --as vectors sends none', {
      hints: [
        'leave one of them out; a vector is explained with: neuronpedia upload-vector --activations --auto-interp',
      ],
    });
  }
  for (const { model, place, dashboards } of prepared) {
    await checkAfterwards(options, http, { model: model.id, source: place.source }, dashboards !== undefined);
  }
}
