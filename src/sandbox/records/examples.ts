import { ACTIVATIONS_OWNER_ID } from '../accounts.ts';
import type { Activation, Explanation } from '../store/examples.ts';
import type { FeatureRow } from '../store/features.ts';
import type { Score } from '../store/scores.ts';

function extremes(values: readonly number[]) {
  const maxValue = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const minValue = values.reduce((least, value) => Math.min(least, value), Infinity);
  return { maxValue, maxValueTokenIndex: values.indexOf(maxValue), minValue };
}

const placeOf = ({ modelId, source, index }: FeatureRow) => ({ index: String(index), layer: source, modelId });

/** Returns an activation as feature reads show it. One that a user added later has no data source. */
export function activationView(row: FeatureRow, activation: Activation, uploaderName: string) {
  const { id, tokens, values, binMin, binMax, binContains, creator, createdAt } = activation;
  return {
    id: `activation-${id}`,
    tokens,
    dataIndex: creator === null ? row.owner : null,
    ...placeOf(row),
    dataSource: creator === null ? `User ${uploaderName}` : null,
    ...extremes(values),
    values,
    dfaValues: [],
    dfaTargetIndex: null,
    dfaMaxValue: null,
    zQIndices: [],
    zKIndices: [],
    zValues: [],
    creatorId: creator ?? ACTIVATIONS_OWNER_ID,
    createdAt,
    lossValues: [],
    logitContributions: null,
    binMin,
    binMax,
    binContains,
    qualifyingTokenIndex: null,
  };
}

const shownId = (id: number) => `explanation-${id}`;

/** Returns a score as feature reads show it, labelled as a stand-in because no model made it. */
export function scoreView({ id, explanationId, typeName, modelName, value, userId, createdAt }: Score) {
  return {
    id: `score-${id}`,
    explanationId: shownId(explanationId),
    explanationScoreTypeName: typeName,
    explanationScoreModelName: modelName,
    value,
    initiatedByUserId: userId,
    createdAt,
    standIn: true,
  };
}

/** Returns an explanation as feature reads show it: they call its text `description`. */
export function explanationView(row: FeatureRow, explanation: Explanation, scores: readonly Score[]) {
  const { id, text, methodName, modelName, author, createdAt } = explanation;
  return {
    id: shownId(id),
    ...placeOf(row),
    description: text,
    authorId: author,
    typeName: methodName,
    explanationModelName: modelName,
    createdAt,
    scores: scores.map(scoreView),
  };
}
