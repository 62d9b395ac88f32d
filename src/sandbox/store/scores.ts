import type { Database } from './driver.ts';

/** How good an explanation is, by one type of score and one model. */
export interface NewScore {
  typeName: string;
  modelName: string;
  /** 0 to 1. */
  value: number;
  /** The user who asked for it. */
  userId: string;
  createdAt: string;
}

/** A stored score. */
export type Score = NewScore & { id: number; explanationId: number };

/** Scores of explanations, at most one per type and model; deleting an explanation deletes its own. */
export interface ScoreStore {
  /** An explanation's scores, oldest first. */
  of(explanationId: number): Score[];
  find(explanationId: number, typeName: string, modelName: string): Score | undefined;
  add(explanationId: number, score: NewScore): Score;
}

const COLUMNS = `SELECT id, explanation_id AS explanationId, type_name AS typeName, model_name AS modelName, value,
  user_id AS userId, created_at AS createdAt FROM explanation_scores WHERE explanation_id = ?`;

/** The table `explanation_scores`. */
export function scoreStore(db: Database): ScoreStore {
  const all = db.prepare(`${COLUMNS} ORDER BY id`);
  const one = db.prepare(`${COLUMNS} AND type_name = ? AND model_name = ?`);
  const add = db.prepare(`INSERT INTO explanation_scores(explanation_id, type_name, model_name, value, user_id,
    created_at) VALUES (?, ?, ?, ?, ?, ?)`);
  return {
    of: (explanationId) => all.all([explanationId]) as unknown as Score[],
    find: (...of) => one.get(of) as Score | undefined,
    add: (explanationId, score) => {
      const { typeName, modelName, value, userId, createdAt } = score;
      const { lastInsertRowid: id } = add.run([explanationId, typeName, modelName, value, userId, createdAt]);
      return { ...score, id: Number(id), explanationId };
    },
  };
}
