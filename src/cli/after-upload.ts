import { checkExplaining } from '../api/explanations.ts';
import type { FeatureId } from '../api/feature-id.ts';
import type { Http } from '../api/http.ts';
import { putOnList } from '../api/lists.ts';
import { count } from '../count.ts';
import { AppError, isStopped, toAppError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { type Explained, explainFeatures, explainingOf } from './explain-features.ts';
import { parseId } from './id.ts';
import type { OptionValues } from './options.ts';
import type { SignedIn } from './session.ts';
import { withSpinner } from './spinner.ts';

/** Whether the options ask for explanations or scores. */
export function wantsExplaining({ autoInterp, score }: OptionValues): boolean {
  return autoInterp === true || score !== undefined;
}

/** Refuses options on how to explain if nothing is to be explained or scored. Error: usage. */
export function checkExplainUsage(options: OptionValues): void {
  const { interpMethod, explainerModel, interpLimit } = options;
  if (wantsExplaining(options) || (interpMethod ?? explainerModel ?? interpLimit) === undefined) return;
  throw new AppError('usage', '--interp-method, --explainer-model and --interp-limit need --auto-interp or --score', {
    hints: ['add --auto-interp or --score METHOD'],
  });
}

/**
 * Checks, before anything is sent, that `--auto-interp` can work: there are activations, and the server explains features
 * for this account. Errors: option_missing, cannot_explain, and those of asking.
 */
export async function checkAfterwards(
  options: OptionValues,
  http: Http,
  place: Omit<FeatureId, 'index'>,
  hasExamples: boolean,
): Promise<void> {
  if (!options.autoInterp) return;
  if (!hasExamples) {
    throw new AppError('option_missing', '--auto-interp needs activations to explain features, and none were given', {
      hints: ['nothing was sent; add --activations FILE'],
    });
  }
  await checkExplaining(http, place, explainingOf(options));
}

/** What an upload brought to the server, as server ids. Computed only on request, since there may be many. */
export interface Uploaded {
  ids(): readonly string[];
  /** Those of them that can be explained or scored. */
  explainable(): readonly string[];
}

/** What was done with the features after the upload: fields for the summary, and the worst outcome. */
export interface Afterwards {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly exitCode: number;
  readonly status: 'done' | 'paused' | 'interrupted' | 'failed';
}

/** Adds uploaded features to a list and has them explained and scored, as far as the options ask for it. */
export async function afterUpload(
  context: CommandContext,
  signedIn: SignedIn,
  uploaded: Uploaded,
): Promise<Afterwards> {
  const { options, out } = context;
  const fields: Record<string, unknown> = {};
  let explained: Explained = { told: [], failed: [] };
  let some: readonly string[] = [];
  try {
    if (options.list !== undefined) {
      fields.list = await fillList(context, signedIn, options.list, uploaded.ids().map(parseId));
    }
    if (wantsExplaining(options)) some = uploaded.explainable().slice(0, options.interpLimit);
    explained = await explainFeatures(context, signedIn.connection.http, some.map(parseId));
  } catch (error) {
    explained = { ...explained, error };
  }
  const { told: explanations, failed: notExplained } = explained;
  const error = explained.error === undefined ? undefined : toAppError(explained.error);
  if (error) {
    out.complain(error.with({ message: `the upload is done, but a later step did not finish: ${error.message}` }));
    const tried = new Set([...explanations, ...notExplained].map(({ id }) => id)).size;
    const howMany = `${count(tried)} of ${count(some.length)} features`;
    if (tried > 0) out.note(`before that, explaining or scoring was attempted for ${howMany}`);
  }
  const isNone = wantsExplaining(options) && explanations.length + notExplained.length === 0 && !error;
  if (isNone) out.warn(whyNone(options, some.length));
  const exitCode = Math.max(error?.exitCode ?? 0, ...notExplained.map((one) => one.exitCode));
  return {
    fields: {
      ...fields,
      ...(wantsExplaining(options) && { explanations }),
      ...(notExplained.length > 0 && { notExplained }),
      ...(error && { afterwards: { code: error.code, message: error.message } }),
      ...(typeof error?.details.resume_at === 'string' && { resume_at: error.details.resume_at }),
    },
    exitCode,
    status: statusAfter(error, exitCode),
  };
}

/** Says why nothing was explained or scored. */
function whyNone({ autoInterp }: OptionValues, tried: number): string {
  if (!autoInterp) return 'nothing was scored: there is no explanation yet; add --auto-interp to create one';
  return tried === 0
    ? 'nothing was explained: none of these features has activations on the server'
    : 'nothing was explained: the server has an explanation already, but shows none by this method and model';
}

function statusAfter(error: AppError | undefined, exitCode: number): Afterwards['status'] {
  if (error?.code === 'paused') return 'paused';
  if (isStopped(error)) return 'interrupted';
  return exitCode > 0 ? 'failed' : 'done';
}

async function fillList(
  { out, stop }: CommandContext,
  { session, connection }: SignedIn,
  name: string,
  features: readonly FeatureId[],
): Promise<Record<string, unknown>> {
  const { id, isNew, added } = await withSpinner(out, `adding to the list "${name}"`, () =>
    putOnList(connection.http, name, features, stop),
  );
  const url = session.idOrUrl(`list/${id}`);
  out.note(`list     ${url}: ${isNew ? `"${name}" was created, ` : ''}${count(added)} added to it`);
  return { id, name, url, isNew, added };
}
