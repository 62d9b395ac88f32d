import type { Database } from './driver.ts';

/** What a model answered to a prompt, kept so that the same request is answered the same without it. */
export interface Completion {
  id: string;
  text: string;
}

/** Completions by the hash of all that was asked. */
export interface CompletionStore {
  find(requestHash: string): Completion | undefined;
  /** Keeps a completion unless the same request has one, and returns the one that is kept. */
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
