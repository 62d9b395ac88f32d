import { z } from 'zod';
import { AppError } from '../errors.ts';
import { readComplaint } from './answer-errors.ts';
import { askAgain, postJson, readOrRefuse } from './ask.ts';
import type { FeatureId } from './feature-id.ts';
import type { Answer, Http } from './http.ts';

const scoreSchema = z.looseObject({
  value: z.number().nullish(),
  explanationScoreTypeName: z.string().nullish(),
  explanationScoreModelName: z.string().nullish(),
});

/** An explanation as servers show it. */
export const explanationSchema = z.looseObject({
  id: z.string().nullish(),
  description: z.string().nullish(),
  typeName: z.string().nullish(),
  explanationModelName: z.string().nullish(),
  author: z.looseObject({ name: z.string().nullish() }).nullish(),
  authorId: z.string().nullish(),
  scores: z.array(scoreSchema).nullish(),
});

export type Explanation = z.infer<typeof explanationSchema>;
export type Score = z.infer<typeof scoreSchema>;

/** How a feature is to be explained, in the server's names. */
export interface Explaining {
  readonly type: string;
  readonly model: string;
}

/** No feature has it: what is asked about it is refused for what is wrong with the request, or for not being there. */
const nobodysIndex = '999999999';

/**
 * Finds out before anything is sent whether the server would explain at all for this account, at no cost.
 * Error: cannot_explain, with what to do about it.
 */
export async function checkExplaining(
  http: Http,
  place: Omit<FeatureId, 'index'>,
  explaining: Explaining,
): Promise<void> {
  const answer = await askAgain(http, generateRequest({ ...place, index: nobodysIndex }, explaining));
  const problem = explainRefusal(answer, explaining);
  if (problem) throw new AppError('cannot_explain', problem.message, { hints: ['nothing was sent', ...problem.hints] });
  // Something else than the server answered, or it has no such thing: nobody knows whether it would explain.
  if (answer.json === undefined) readOrRefuse(answer, z.looseObject({}), 'asking whether the server would explain');
}

/**
 * Has a feature explained; a model is paid for it. Undefined where the same way and model have explained it before.
 * Errors: refused (no provider key, no activations, unknown way or model), and those of asking.
 */
export async function generateExplanation(
  http: Http,
  id: FeatureId,
  explaining: Explaining,
): Promise<Explanation | undefined> {
  const answer = await askAgain(http, generateRequest(id, explaining));
  if (saysThere(answer, 'explanation_exists')) return undefined;
  const refusal = explainRefusal(answer, explaining) ?? withoutActivations(answer, id);
  if (refusal) throw refusal;
  const doing = `explaining ${id.model}/${id.source}/${id.index}`;
  return readOrRefuse(answer, z.looseObject({ explanation: explanationSchema }), doing).explanation;
}

function generateRequest({ model, source, index }: FeatureId, explaining: Explaining) {
  return postJson('/api/explanation/generate', {
    ...{ modelId: model, layer: source, index },
    ...{ explanationType: explaining.type, explanationModelName: explaining.model },
  });
}

/**
 * Has an explanation scored. Undefined where the same way and model have scored it before.
 * Errors: refused, and those of asking.
 */
export async function scoreExplanation(
  http: Http,
  explanationId: string,
  { type, model }: Explaining,
): Promise<Score | undefined> {
  const body = { explanationId, scorerModel: model, scorerType: type };
  const answer = await askAgain(http, postJson('/api/explanation/score', body));
  if (saysThere(answer, 'score_exists')) return undefined;
  const refusal = explainRefusal(answer, { type, model });
  if (refusal) throw refusal;
  return readOrRefuse(answer, z.looseObject({ score: scoreSchema }), 'scoring an explanation').score;
}

function saysThere(answer: Answer, code: string): boolean {
  const complaint = readComplaint(answer);
  return answer.status === 400 && (complaint.code === code || / already exists/.test(complaint.message));
}

function withoutActivations(answer: Answer, { model, source, index }: FeatureId): AppError | undefined {
  const { code, message } = readComplaint(answer);
  const isMissing = code === 'no_activations' || message.startsWith('No activations found');
  if (answer.status !== 400 || !isMissing) return undefined;
  return new AppError('refused', `${model}/${source}/${index} has no activations to explain it from`, {
    hints: ['upload it with --activations FILE'],
  });
}

/** What keeps an account from having anything explained; undefined where it is nothing of the kind. */
function explainRefusal(answer: Answer, { type, model }: Explaining): AppError | undefined {
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
