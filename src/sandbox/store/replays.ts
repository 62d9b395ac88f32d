import type { Database } from './driver.ts';

/** The first answer to a request with an idempotency key. */
export interface Replay {
  bodyHash: string;
  status: number;
  /** The JSON body of the answer. */
  answer: string;
}

/** A replay to be stored, with the rows that its request stored or found unchanged. */
export interface NewReplay extends Replay {
  userId: string;
  key: string;
  modelId: string;
  source: string;
  indices: number[];
  createdAt: string;
}

/** Idempotency keys, per user. */
export interface ReplayStore {
  find(userId: string, key: string): Replay | undefined;
  add(replay: NewReplay): void;
  /** Forgets every key whose request named this row, so that sending it again stores the row again. */
  dropFor(modelId: string, source: string, index: number): void;
}

/** The table `idempotency`. */
export function replayStore(db: Database): ReplayStore {
  const find = db.prepare(
    'SELECT body_hash AS bodyHash, status, answer FROM idempotency WHERE user_id = ? AND key = ?',
  );
  const add = db.prepare(`INSERT INTO idempotency(user_id, key, body_hash, status, answer, model_id, source, first_idx,
    last_idx, indices, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const drop =
    db.prepare(`DELETE FROM idempotency WHERE model_id = ? AND source = ? AND first_idx <= ? AND last_idx >= ?
    AND EXISTS (SELECT 1 FROM json_each(indices) WHERE value = ?)`);
  return {
    find: (userId, key) => find.get([userId, key]) as Replay | undefined,
    add: (r) => {
      const range = [Math.min(...r.indices), Math.max(...r.indices), JSON.stringify(r.indices)];
      const answer = [r.userId, r.key, r.bodyHash, r.status, r.answer];
      add.run([...answer, r.modelId, r.source, ...range, r.createdAt]);
    },
    dropFor: (modelId, source, index) => void drop.run([modelId, source, index, index, index]),
  };
}
