import {
  type Explaining,
  explanationsOf,
  generateExplanation,
  isOf,
  isScoreOf,
  scoreExplanation,
} from '../api/explanations.ts';
import { type FeatureId, idText } from '../api/feature-id.ts';
import type { Http } from '../api/http.ts';
import type { Explanation } from '../api/schemas.ts';
import { count } from '../count.ts';
import { AppError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import type { OptionValues } from './options.ts';
import { withSpinner } from './spinner.ts';

/** Returns the explanation method and model that the options ask for, in the server's names. */
export function explainingOf({
  interpMethod = 'np_max-act',
  explainerModel = 'gpt-4o-mini',
}: OptionValues): Explaining {
  return { type: interpMethod, model: explainerModel };
}

/** An explanation of one feature, as it is reported. */
interface Told {
  readonly id: string;
  readonly text: string;
  readonly type: string | undefined;
  readonly model: string | undefined;
  /** Whether this run made it; if not, it existed before. */
  readonly isNew: boolean;
  readonly scores: Record<string, number>;
}

/** What explaining has produced, as far as it got. */
export interface Explained {
  readonly told: readonly Told[];
  readonly failed: readonly { id: string; code: string; message: string; exitCode: number }[];
  /** The error that stopped it, as the next feature would have met it too. */
  readonly error?: unknown;
}

/** Errors that may concern one feature only: the next one is still tried. */
const ofOneFeature: ReadonlySet<string> = new Set(['refused', 'not_found', 'not_neuronpedia', 'server_failing']);

/**
 * Has features explained (`--auto-interp`) and their explanations scored (`--score`), one at a time: each is a paid call to
 * a language model. A feature that cannot be explained does not stop the others. Returns errors instead of throwing.
 */
export async function explainFeatures(
  context: CommandContext,
  http: Http,
  features: readonly FeatureId[],
): Promise<Explained> {
  const { out, stop } = context;
  const told: Told[] = [];
  const failed: Explained['failed'][number][] = [];
  let failing = 0;
  for (const [i, feature] of features.entries()) {
    if (stop.aborted) return { told, failed, error: stop.reason };
    const id = idText(feature);
    const where = features.length > 1 ? ` (${count(i + 1)} of ${count(features.length)})` : '';
    const found: Told[] = [];
    let error: unknown;
    try {
      await withSpinner(out, `explaining ${id}${where}`, () => explainOne(context, http, feature, found));
      failing = 0;
    } catch (thrown) {
      error = thrown;
    }
    // What was made before a failure was paid for, so it is reported.
    for (const one of found) tell(context, one);
    told.push(...found);
    if (error === undefined) continue;
    if (!(error instanceof AppError) || !ofOneFeature.has(error.code) || features.length === 1) {
      return { told, failed, error };
    }
    const { code, message, exitCode } = error;
    // Two failures in a row are the server's fault, not that of the features.
    failing = code === 'server_failing' ? failing + 1 : 0;
    if (failing > 1) return { told, failed, error };
    failed.push({ id, code, message, exitCode });
    out.warn(`${id}: ${message}`);
  }
  return { told, failed };
}

/** Explains one feature or scores its explanations, and adds each to `told`, without its new score if scoring fails. */
async function explainOne({ options }: CommandContext, http: Http, id: FeatureId, told: Told[]): Promise<void> {
  const { autoInterp } = options;
  const explaining = explainingOf(options);
  const made = autoInterp ? await generateExplanation(http, id, explaining) : undefined;
  const targets = made ? [made] : await thereAlready(http, id, autoInterp ? explaining : undefined);
  for (const explanation of targets) {
    let scores = scoresOf(explanation);
    try {
      scores = { ...scores, ...(await score(options.score, explaining.model, http, id, explanation)) };
    } finally {
      told.push({
        id: idText(id),
        text: explanation.description ?? '',
        type: explanation.typeName ?? undefined,
        model: explanation.explanationModelName ?? undefined,
        isNew: made !== undefined,
        scores,
      });
    }
  }
}

/** Returns the explanations that a feature already has: all, or only those by one method and model. */
async function thereAlready(http: Http, id: FeatureId, only: Explaining | undefined): Promise<Explanation[]> {
  const all = await explanationsOf(http, id);
  return only ? all.filter((one) => isOf(one, only)) : all;
}

function scoresOf({ scores }: Explanation): Record<string, number> {
  const known = (scores ?? []).filter(({ value }) => typeof value === 'number');
  return Object.fromEntries(
    known.map(({ explanationScoreTypeName, value }) => [explanationScoreTypeName ?? 'score', value as number]),
  );
}

async function score(
  type: string | undefined,
  model: string,
  http: Http,
  feature: FeatureId,
  { id, scores }: Explanation,
): Promise<Record<string, number>> {
  if (type === undefined || !id) return {};
  // Each score is a paid call.
  if (scores?.some((one) => typeof one.value === 'number' && isScoreOf(one, { type, model }))) return {};
  const made = await scoreExplanation(http, feature, id, { type, model });
  return typeof made?.value === 'number' ? { [type]: made.value } : {};
}

function tell({ out }: CommandContext, { id, text, type, model, isNew, scores }: Told): void {
  const by = [type, model].filter(Boolean).join(' by ');
  const rated = Object.entries(scores).map(([name, value]) => `, ${name} ${value.toFixed(3)}`);
  out.note(`explained ${id}: "${text}" (${by}${isNew ? '' : ', there already'}${rated.join('')})`);
  out.document({ type: 'explanation', id, text, method: type, model, isNew, scores });
}
