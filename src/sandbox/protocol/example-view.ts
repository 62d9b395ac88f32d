import { ownerName } from '../accounts.ts';
import type { Activation, Explanation } from '../store/examples.ts';
import type { FeatureRow } from '../store/features.ts';

// The public server keeps uploaded activations under an account of its own.
const ACTIVATIONS_OWNER_ID = 'clsxqq2xd0000vvp2k5itlhqj';

function extremes(values: readonly number[]) {
  const maxValue = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const minValue = values.reduce((least, value) => Math.min(least, value), Infinity);
  return { maxValue, maxValueTokenIndex: values.indexOf(maxValue), minValue };
}

const placeOf = ({ modelId, source, index }: FeatureRow) => ({ modelId, layer: source, index: String(index) });

/** An activation as feature reads show it. */
export function activationView(row: FeatureRow, activation: Activation) {
  const { id, tokens, values, binMin, binMax, binContains, createdAt } = activation;
  return {
    id: `activation-${id}`,
    tokens,
    dataIndex: row.owner,
    ...placeOf(row),
    dataSource: `User ${ownerName(row.owner)}`,
    ...extremes(values),
    values,
    dfaValues: [],
    dfaTargetIndex: null,
    dfaMaxValue: null,
    zQIndices: [],
    zKIndices: [],
    zValues: [],
    creatorId: ACTIVATIONS_OWNER_ID,
    createdAt,
    lossValues: [],
    logitContributions: null,
    binMin,
    binMax,
    binContains,
    qualifyingTokenIndex: null,
  };
}

/** An explanation as feature reads show it: its text is called `description` there. */
export function explanationView(row: FeatureRow, explanation: Explanation) {
  const { id, text, methodName, modelName, author, createdAt } = explanation;
  return {
    id: `explanation-${id}`,
    ...placeOf(row),
    description: text,
    authorId: author,
    typeName: methodName,
    explanationModelName: modelName,
    createdAt,
    scores: [],
  };
}
