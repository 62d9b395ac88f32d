import { AppError } from '../errors.ts';
import * as z from '../schema.ts';
import { readComplaint } from './answer-errors.ts';
import { askAgain, askRest, postJson, readOrRefuse } from './ask.ts';
import { fetchFeature } from './feature.ts';
import { type FeatureId, idText } from './feature-id.ts';
import type { Answer, Http } from './http.ts';
import { type Explanation, explanationSchema, type Score, scoreSchema } from './schemas.ts';

/** How to explain a feature: method and model, by the server's names. */
export interface Explaining {
  readonly type: string;
  readonly model: string;
}

/** An index that no feature has. A request about it is refused for some other fault, if it has one, or for the index. */
const nobodysIndex = '999999999';

/**
 * Finds out, at no cost and before anything is sent, whether the server would explain anything for this account.
 * Errors: cannot_explain, with what to do about it, and those of `ask`.
 */
export async function checkExplaining(
  http: Http,
  place: Omit<FeatureId, 'index'>,
  explaining: Explaining,
): Promise<void> {
  const answer = await askAgain(http, generateRequest({ ...place, index: nobodysIndex }, explaining));
  const problem = cannotExplain(answer, explaining);
  if (problem) throw new AppError('cannot_explain', problem.message, { hints: ['nothing was sent', ...problem.hints] });
  // Something other than the server answered, or it has no such endpoint: whether it would explain is unknown.
  if (answer.json === undefined) readOrRefuse(answer, z.looseObject({}), 'asking whether the server would explain');
}

/**
 * Has a feature explained. The model has to be paid for, so after a lost answer the explanation is looked up before asking
 * again. Returns undefined if the same method and model have explained the feature before.
 * Errors: refused (no provider key, no activations, unknown method or model), and those of `ask`.
 */
export async function generateExplanation(
  http: Http,
  id: FeatureId,
  explaining: Explaining,
): Promise<Explanation | undefined> {
  const request = generateRequest(id, explaining);
  let made: Explanation | undefined;
  const answer = await askRest(http, request, async () => {
    made = (await explanationsOf(http, id)).find((one) => isOf(one, explaining));
    return made ? undefined : request;
  });
  if (made || !answer) return made;
  if (saysThere(answer, 'explanation_exists')) return undefined;
  const refusal = cannotExplain(answer, explaining) ?? withoutActivations(answer, id);
  if (refusal) throw refusal;
  const doing = `explaining ${idText(id)}`;
  return readOrRefuse(answer, z.looseObject({ explanation: explanationSchema }), doing).explanation;
}

/** Reads the explanations of a feature. Errors: those of `ask`. */
export async function explanationsOf(http: Http, id: FeatureId): Promise<Explanation[]> {
  return (await fetchFeature(http, id))?.explanations ?? [];
}

/** Whether an explanation was made by this method and model. */
export function isOf({ typeName, explanationModelName }: Explanation, { type, model }: Explaining): boolean {
  return typeName === type && explanationModelName === model;
}

/** Whether a score was given by this method and model. */
export function isScoreOf(score: Score, { type, model }: Explaining): boolean {
  return score.explanationScoreTypeName === type && score.explanationScoreModelName === model;
}

function generateRequest({ model, source, index }: FeatureId, explaining: Explaining) {
  return postJson('/api/explanation/generate', {
    ...{ modelId: model, layer: source, index },
    ...{ explanationType: explaining.type, explanationModelName: explaining.model },
  });
}

/**
 * Has an explanation of a feature scored, which has to be paid for too. Returns undefined if the same method and model have
 * scored it before. Errors: refused, and those of `ask`.
 */
export async function scoreExplanation(
  http: Http,
  id: FeatureId,
  explanationId: string,
  { type, model }: Explaining,
): Promise<Score | undefined> {
  const request = postJson('/api/explanation/score', { explanationId, scorerModel: model, scorerType: type });
  let made: Score | undefined;
  const answer = await askRest(http, request, async () => {
    const scores = (await explanationsOf(http, id)).find((one) => one.id === explanationId)?.scores;
    made = scores?.find((one) => isScoreOf(one, { type, model }));
    return made ? undefined : request;
  });
  if (made || !answer) return made;
  if (saysThere(answer, 'score_exists')) return undefined;
  const refusal = cannotExplain(answer, { type, model });
  if (refusal) throw refusal;
  return readOrRefuse(answer, z.looseObject({ score: scoreSchema }), 'scoring an explanation').score;
}

function saysThere(answer: Answer, code: string): boolean {
  const complaint = readComplaint(answer);
  return answer.status === 400 && (complaint.code === code || / already exists/.test(complaint.message));
}

function withoutActivations(answer: Answer, id: FeatureId): AppError | undefined {
  const { code, message } = readComplaint(answer);
  const isMissing = code === 'no_activations' || message.startsWith('No activations found');
  if (answer.status !== 400 || !isMissing) return undefined;
  return new AppError('refused', `${idText(id)} has no activations, so it cannot be explained`, {
    hints: ['upload it with --activations FILE'],
  });
}

/** Returns the error for an answer that says why nothing can be explained for this account; undefined for any other. */
function cannotExplain(answer: Answer, { type, model }: Explaining): AppError | undefined {
  if (answer.status !== 400) return undefined;
  const { message } = readComplaint(answer);
  const hint = explainHints.find(([pattern]) => pattern.test(message))?.[1];
  if (hint === undefined) return undefined;
  const doing = `the server does not explain with ${type} and ${model}`;
  return new AppError('refused', `${doing}: ${message}`, { hints: [hint] });
}

const explainHints: readonly (readonly [RegExp, string])[] = [
  [
    /^No auto-interp key/,
    'save the key of a model provider (OpenAI, Google or Anthropic) under Settings on the server: each explanation is paid with it',
  ],
  [/OpenRouter key/, 'save an OpenRouter key under Settings on the server, or choose another --interp-method'],
  [
    /explanation ?type|scorer ?type|score type/i,
    'choose another method: --interp-method max-act, max-act-logits, token-act-pair or eleuther',
  ],
  [
    /explanation ?model|scorer ?model|score model/i,
    'choose another model with --explainer-model, for example gpt-4o-mini',
  ],
];
