import { checkExplaining } from '../api/explanations.ts';
import type { FeatureId } from '../api/feature-id.ts';
import type { Http } from '../api/http.ts';
import { putOnList } from '../api/lists.ts';
import { count } from '../count.ts';
import { AppError, toAppError } from '../errors.ts';
import { timeIsUp } from '../upload/time-limit.ts';
import type { CommandContext } from './context.ts';
import { type Afterwards, explainFeatures, explainingOf } from './explain-features.ts';
import { parseId } from './id.ts';
import type { OptionValues } from './options.ts';
import type { Session } from './session.ts';
import { withSpinner } from './spinner.ts';

/** Whether anything has to be explained or scored. */
export function wantsExplaining({ autoInterp, score }: OptionValues): boolean {
  return autoInterp === true || score !== undefined;
}

/**
 * Finds out before anything is sent whether what is to be done afterwards can be done: the options fit together, and the
 * server would explain for this account. Errors: usage, option_missing, cannot_explain.
 */
export async function checkAfterwards(
  options: OptionValues,
  http: Http,
  place: Omit<FeatureId, 'index'>,
  hasExamples: boolean,
): Promise<void> {
  const { autoInterp, interpMethod, explainerModel } = options;
  if (!wantsExplaining(options) && (interpMethod ?? explainerModel ?? options.interpLimit) !== undefined) {
    throw new AppError('usage', '--interp-method, --explainer-model and --interp-limit say how to explain or score', {
      hints: ['add --auto-interp or --score METHOD'],
    });
  }
  if (!autoInterp) return;
  if (!hasExamples) {
    throw new AppError('option_missing', '--auto-interp: an explanation is made from activations, and there are none', {
      hints: ['nothing was sent; add --activations FILE'],
    });
  }
  await checkExplaining(http, place, explainingOf(options));
}

/** What an upload has brought to the server, by the server's names. Named when asked for: there may be many. */
export interface Uploaded {
  ids(): readonly string[];
  /** Of these, those that an explanation can be made of. */
  explainable(): readonly string[];
}

/** Puts features that are there on a list, has those that can be explained and scored, as the options say. */
export async function afterUpload(
  context: CommandContext,
  session: Session,
  http: Http,
  uploaded: Uploaded,
): Promise<Afterwards> {
  const { options, out } = context;
  const fields: Record<string, unknown> = {};
  try {
    if (options.list !== undefined) {
      fields.list = await fillList(context, session, http, options.list, uploaded.ids().map(parseId));
    }
    if (!wantsExplaining(options)) return { fields, exitCode: 0 };
    const some = uploaded.explainable().slice(0, options.interpLimit).map(parseId);
    const explained = await explainFeatures(context, http, some);
    return { fields: { ...fields, ...explained.fields }, exitCode: explained.exitCode };
  } catch (thrown) {
    const error = asError(thrown);
    out.warn(`the upload is done, but: ${error.message}`);
    for (const hint of error.hints) out.hint(hint);
    return {
      fields: { ...fields, afterwards: { code: error.code, message: error.message } },
      exitCode: error.exitCode,
    };
  }
}

/** The end of the run's time is no error where it comes, yet what was to be done is not done. */
function asError(thrown: unknown): AppError {
  if (thrown !== timeIsUp) return toAppError(thrown);
  return new AppError('paused', 'the time of --max-duration is up', { hints: ['run the same command again to go on'] });
}

async function fillList(
  { out, stop }: CommandContext,
  session: Session,
  http: Http,
  name: string,
  features: readonly FeatureId[],
): Promise<Record<string, unknown>> {
  const { id, isNew, added } = await withSpinner(out, `putting on the list "${name}"`, () =>
    putOnList(http, name, features, stop),
  );
  const url = session.idOrUrl(`list/${id}`);
  out.note(`list     ${url}: ${isNew ? `"${name}" was made, ` : ''}${count(added)} put on it`);
  return { id, name, url, isNew, added };
}
