import type { Account } from '../accounts.ts';
import { answer } from '../answer.ts';
import {
  EXPLAINERS,
  findExplanation,
  isExplained,
  METHODS,
  SCORERS,
  storeExplanation,
  storeScore,
} from '../autointerp.ts';
import { explanationView, scoreView } from '../records/examples.ts';
import { findRow } from './features.ts';
import { refuseMessage } from './refusals.ts';
import { readAs, requireUser } from './request.ts';
import { anyText, object, optional, text } from './shape.ts';
import type { Handler } from './world.ts';

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

// "no provider key saved for the user". Types that need OpenRouter say so instead: "eleuther_acts_top20".
function requireProviderKeys({ providerKeys }: Account, type: string): void {
  if (providerKeys) return;
  if (type.startsWith('eleuther')) refuseMessage(400, 'This autointerp type requires an OpenRouter key.');
  refuseMessage(400, 'No auto-interp key found for user.');
}

/**
 * `POST /api/explanation/generate`: refuses "unknown type" and "unknown model", an explanation that exists already, a user
 * without provider keys, and a row without activations, in this order.
 */
export const generateExplanation: Handler = (call) => {
  const { store, now } = call;
  const user = requireUser(call);
  const given = readAs(call, generation, ({ message }) => refuseMessage(400, message));
  const { modelId, layer, index, explanationType: typeName, explanationModelName: modelName } = given;
  if (!METHODS.includes(typeName)) refuseMessage(400, 'Unsupported explanation type');
  if (!EXPLAINERS.includes(modelName)) refuseMessage(400, 'Unsupported explanation model');
  const task = { typeName, modelName, userId: user.id, createdAt: now.toISOString() };
  return store.write(() => {
    const row = findRow(call, modelId, layer, index);
    if (row !== undefined && isExplained(store, row, task)) {
      refuseMessage(400, 'An auto-interp with this explanation type and model already exists.');
    }
    requireProviderKeys(user, typeName);
    const made = row === undefined ? undefined : storeExplanation(store, row, task);
    if (row === undefined || made === undefined) refuseMessage(400, 'No activations found for this neuron');
    return answer({ explanation: explanationView(row, made, []) });
  });
};

/** `POST /api/explanation/score`: not in the recording. Assumed to be like `generate`, with its own field names. */
export const scoreExplanation: Handler = (call) => {
  const { store, now } = call;
  const user = requireUser(call);
  const given = readAs(call, scoring, ({ message }) => refuseMessage(400, message));
  const { explanationId, scorerType: typeName, scorerModel: modelName } = given;
  if (!SCORERS.includes(typeName)) refuseMessage(400, 'Unsupported explanation score type');
  if (!EXPLAINERS.includes(modelName)) refuseMessage(400, 'Unsupported explanation score model');
  requireProviderKeys(user, typeName);
  return store.write(() => {
    const found = findExplanation(store, explanationId);
    const { modelId = '', source = '', index = '' } = found?.row ?? {};
    if (found === undefined || findRow(call, modelId, source, String(index)) === undefined) {
      refuseMessage(404, `Explanation not found: ${explanationId}`);
    }
    const task = { typeName, modelName, userId: user.id, createdAt: now.toISOString() };
    const made = storeScore(store, found.explanation, task);
    if (made === undefined) refuseMessage(400, 'Explanation score using this same method and model already exists');
    return answer({ score: scoreView(made) });
  });
};

/** `POST /api/explanation/new`: "is switched off but answers 200". */
export const createExplanation: Handler = (call) => {
  requireUser(call);
  return answer({ message: 'This endpoint is not currently active.' });
};
