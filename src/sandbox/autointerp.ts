import { explain } from './stand-ins/explanation.ts';
import { scoreOf } from './stand-ins/score.ts';
import type { Explanation } from './store/examples.ts';
import type { FeatureRow } from './store/features.ts';
import type { Score } from './store/scores.ts';
import type { Store } from './store/store.ts';

/** Types of automatic explanations. */
export const METHODS: readonly string[] = [
  ...['oai_token-act-pair', 'np_max-act', 'np_max-act-logits', 'eleuther_acts_top20'],
];

/** Models that explain and score. */
export const EXPLAINERS: readonly string[] = ['gpt-4o-mini', 'gpt-4o', 'gpt-4.1-nano', 'gemini-2.0-flash'];

/** Types of scores. */
export const SCORERS: readonly string[] = ['recall_alt', 'eleuther_fuzz', 'eleuther_recall', 'eleuther_embedding'];

/** A request for an explanation or a score: its type, the model to ask, the user who asks, and when. */
export interface Task {
  typeName: string;
  modelName: string;
  userId: string;
  createdAt: string;
}

/** Whether a row has an explanation of this type by this model. */
export function isExplained({ examples }: Store, row: FeatureRow, { typeName, modelName }: Task): boolean {
  return examples.generated(row.id, typeName, modelName) !== undefined;
}

/** Explains a row with a stand-in and stores it inside an open write. Returns undefined for a row without activations. */
export function storeExplanation({ examples }: Store, row: FeatureRow, task: Task): Explanation | undefined {
  const { typeName: methodName, modelName, userId, createdAt } = task;
  const activations = examples.activations(row.id, Number.MAX_SAFE_INTEGER);
  if (activations.length === 0) return undefined;
  const text = explain({ activations, details: row.details, methodName });
  return examples.addExplanation(row.id, { text, methodName, modelName }, userId, createdAt);
}

/** Scores an explanation with a stand-in and stores it inside an open write. Returns undefined if it has this score. */
export function storeScore({ scores }: Store, explanation: Explanation, task: Task): Score | undefined {
  const { typeName, modelName, userId, createdAt } = task;
  if (scores.find(explanation.id, typeName, modelName) !== undefined) return undefined;
  const value = scoreOf(explanation.text, typeName, modelName);
  return scores.add(explanation.id, { typeName, modelName, value, userId, createdAt });
}

const EXPLANATION_ID = /^explanation-(\d{1,15})$/;

/** Finds the explanation that feature reads show under this id, with its row. */
export function findExplanation(
  { examples, features }: Store,
  shownId: string,
): { explanation: Explanation; row: FeatureRow } | undefined {
  const [, id] = EXPLANATION_ID.exec(shownId) ?? [];
  const explanation = id === undefined ? undefined : examples.explanation(Number(id));
  const row = explanation === undefined ? undefined : features.byId(explanation.featureId);
  return explanation === undefined || row === undefined ? undefined : { explanation, row };
}
