import type { Database, Row } from './driver.ts';

/** A text that a feature was run on: tokens, and one value per token. */
export interface NewActivation {
  tokens: string[];
  values: number[];
  binMin: number | null;
  binMax: number | null;
  /** Fraction of activations in the bin. */
  binContains: number | null;
}

/** What a person or a model says a feature is about. */
export interface NewExplanation {
  text: string;
  methodName: string | null;
  modelName: string | null;
}

/** A stored activation. `creator` is the user who added it to an existing row; null if it was uploaded with a row. */
export type Activation = NewActivation & { id: number; creator: string | null; createdAt: string };

/** A stored explanation. */
export type Explanation = NewExplanation & { id: number; featureId: number; author: string; createdAt: string };

/** Activations and explanations; deleting a feature deletes its own. */
export interface ExampleStore {
  /** The first `most` activations of a feature, oldest first. */
  activations(featureId: number, most: number): Activation[];
  explanations(featureId: number): Explanation[];
  /** One explanation by its id. */
  explanation(id: number): Explanation | undefined;
  /** A feature's explanation by this method and model. */
  generated(featureId: number, methodName: string, modelName: string): Explanation | undefined;
  addActivation(featureId: number, activation: NewActivation, createdAt: string, creator?: string): void;
  addExplanation(featureId: number, explanation: NewExplanation, author: string, createdAt: string): Explanation;
}

const EXPLANATION = `SELECT id, feature_id AS featureId, text, method_name AS methodName, model_name AS modelName, author,
  created_at AS createdAt FROM explanations`;

const asActivation = (row: Row) =>
  ({
    ...row,
    tokens: JSON.parse(String(row.tokens)),
    values: JSON.parse(String(row.values)),
  }) as unknown as Activation;

/** The tables `activations` and `explanations`. */
export function exampleStore(db: Database): ExampleStore {
  const activations = db.prepare(`SELECT id, tokens, "values", bin_min AS binMin, bin_max AS binMax,
    bin_contains AS binContains, creator, created_at AS createdAt FROM activations WHERE feature_id = ? ORDER BY id LIMIT ?`);
  const explanations = db.prepare(`${EXPLANATION} WHERE feature_id = ? ORDER BY id`);
  const explanation = db.prepare(`${EXPLANATION} WHERE id = ?`);
  const generated = db.prepare(`${EXPLANATION} WHERE feature_id = ? AND method_name = ? AND model_name = ? LIMIT 1`);
  const addActivation = db.prepare(`INSERT INTO activations(feature_id, tokens, "values", bin_min, bin_max,
    bin_contains, creator, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  const addExplanation = db.prepare(`INSERT INTO explanations(feature_id, text, method_name, model_name, author,
    created_at) VALUES (?, ?, ?, ?, ?, ?)`);
  return {
    activations: (id, most) => activations.all([id, most]).map(asActivation),
    explanations: (id) => explanations.all([id]) as unknown as Explanation[],
    explanation: (id) => explanation.get([id]) as Explanation | undefined,
    generated: (...of) => generated.get(of) as Explanation | undefined,
    addActivation: (id, a, at, creator) => {
      const texts = [JSON.stringify(a.tokens), JSON.stringify(a.values)];
      addActivation.run([id, ...texts, a.binMin, a.binMax, a.binContains, creator ?? null, at]);
    },
    addExplanation: (featureId, e, author, createdAt) => {
      const { lastInsertRowid } = addExplanation.run([featureId, e.text, e.methodName, e.modelName, author, createdAt]);
      return { ...e, id: Number(lastInsertRowid), featureId, author, createdAt };
    },
  };
}
