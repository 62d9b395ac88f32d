import { answer } from '../answer.ts';
import { refuseMessage } from './refusals.ts';
import { readAs, requireUser } from './request.ts';
import { anyText, object, optional, text } from './shape.ts';
import type { Handler } from './world.ts';

/** Kinds of automatic explanations that the server knows. */
export const METHODS: readonly string[] = [
  ...['oai_token-act-pair', 'np_max-act', 'np_max-act-logits', 'eleuther_acts_top20'],
];

/** Models that explain and score. */
export const EXPLAINERS: readonly string[] = ['gpt-4o-mini', 'gpt-4o', 'gpt-4.1-nano', 'gemini-2.0-flash'];

const SCORERS: readonly string[] = ['recall_alt', 'eleuther_fuzz', 'eleuther_recall', 'eleuther_embedding'];

const generation = object({
  modelId: text(),
  layer: text(),
  index: text(),
  explanationType: text(),
  explanationModelName: text(),
});

const scoring = object({
  explanationId: text(),
  scorerModel: optional(anyText, { otherwise: '' }),
  scorerType: text(),
});

// No user of a sandbox has a key of a model provider, so nothing is ever generated: "no provider key saved for the user",
// and for the types that go through one provider "eleuther_acts_top20".
function refuseWithoutKey(type: string): never {
  if (type.startsWith('eleuther')) refuseMessage(400, 'This autointerp type requires an OpenRouter key.');
  refuseMessage(400, 'No auto-interp key found for user.');
}

/** `POST /api/explanation/generate`: "unknown type", "unknown model", and then always no key. */
export const generateExplanation: Handler = (call) => {
  requireUser(call);
  const given = readAs(call, generation, ({ message }) => refuseMessage(400, message));
  if (!METHODS.includes(given.explanationType)) refuseMessage(400, 'Unsupported explanation type');
  if (!EXPLAINERS.includes(given.explanationModelName)) refuseMessage(400, 'Unsupported explanation model');
  refuseWithoutKey(given.explanationType);
};

/** `POST /api/explanation/score`: not in the recording; as `generate`, with the names of its own fields. */
export const scoreExplanation: Handler = (call) => {
  requireUser(call);
  const given = readAs(call, scoring, ({ message }) => refuseMessage(400, message));
  if (!SCORERS.includes(given.scorerType)) refuseMessage(400, 'Unsupported explanation score type');
  if (!EXPLAINERS.includes(given.scorerModel)) refuseMessage(400, 'Unsupported explanation score model');
  refuseWithoutKey(given.scorerType);
};

/** `POST /api/explanation/new`: "is switched off but answers 200". */
export const createExplanation: Handler = (call) => {
  requireUser(call);
  return answer({ message: 'This endpoint is not currently active.' });
};
