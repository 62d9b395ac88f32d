import type { Database } from './driver.ts';

/** A model's completion of a prompt, kept so that the same request gets the same answer without asking the model. */
export interface Completion {
  id: string;
  text: string;
}

/** Completions by the hash of the whole request. */
export interface CompletionStore {
  find(requestHash: string): Completion | undefined;
  /** Stores a completion unless the same request has one. Returns the stored one. */
  keep(requestHash: string, completion: Completion, createdAt: string): Completion;
}

/** The table `completions`. */
export function completionStore(db: Database): CompletionStore {
  const find = db.prepare('SELECT id, text FROM completions WHERE request_hash = ?');
  const add = db.prepare('INSERT INTO completions VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING');
  const found = (hash: string) => find.get([hash]) as Completion | undefined;
  return {
    find: found,
    keep: (hash, completion, createdAt) => {
      add.run([completion.id, hash, completion.text, createdAt]);
      return found(hash) ?? completion;
    },
  };
}
