import * as z from '../../schema.ts';
import { type Answer, answer } from '../answer.ts';
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
import type { Call } from '../route.ts';
import { isVisible, requireVisible } from './features.ts';
import { parseAs, rowIndex, text } from './parse.ts';
import { refuse } from './refusal.ts';
import { readJson, requireUploader } from './request.ts';

const oneOf = (names: readonly string[]) =>
  z.string().check(z.refine((name) => names.includes(name), { error: `must be one of ${names.join(', ')}` }));

const generation = z.object({
  modelId: text,
  layer: text,
  index: rowIndex,
  explanationType: oneOf(METHODS),
  explanationModelName: oneOf(EXPLAINERS),
});

const scoring = z.object({ explanationId: text, scorerModel: oneOf(EXPLAINERS), scorerType: oneOf(SCORERS) });

/**
 * `POST /api/explanation/generate`: stores a labelled stand-in explanation of any row that the user may see, at most one
 * per type and model. Costs no quota.
 */
export function generateExplanation(call: Call): Answer {
  const { store, now } = call;
  const { id: userId } = requireUploader(call);
  const given = parseAs(generation, readJson(call));
  const { modelId, layer, index, explanationType: typeName, explanationModelName: modelName } = given;
  const task = { typeName, modelName, userId, createdAt: now.toISOString() };
  return store.write(() => {
    const row = requireVisible(call, modelId, layer, index);
    const where = `${modelId}/${layer}/${index}`;
    if (isExplained(store, row, task)) {
      refuse(400, 'explanation_exists', `${where} already has an explanation of type ${typeName} by ${modelName}`);
    }
    const made = storeExplanation(store, row, task);
    if (made === undefined) refuse(400, 'no_activations', `${where} has no activations, so it cannot be explained`);
    return answer({ message: 'Explanation generated', explanation: explanationView(row, made, []) });
  });
}

/** `POST /api/explanation/score`: stores a stand-in score of an explanation of any row that the user may see. */
export function scoreExplanation(call: Call): Answer {
  const { store, now } = call;
  const { id: userId } = requireUploader(call);
  const { explanationId, scorerType, scorerModel } = parseAs(scoring, readJson(call));
  const task = { typeName: scorerType, modelName: scorerModel, userId, createdAt: now.toISOString() };
  return store.write(() => {
    const found = findExplanation(store, explanationId);
    if (found === undefined || !isVisible(call, found.row)) {
      refuse(404, 'not_found', `no explanation ${explanationId}`, { path: 'explanationId' });
    }
    const made = storeScore(store, found.explanation, task);
    if (made === undefined) {
      refuse(400, 'score_exists', `${explanationId} already has a score of type ${scorerType} by ${scorerModel}`);
    }
    return answer({ message: 'Score generated', score: scoreView(made) });
  });
}
