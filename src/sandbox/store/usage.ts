import type { Database } from './driver.ts';

/** How many new rows each user stored on each UTC day. */
export interface UsageStore {
  /** Rows a user stored on a day (`2026-11-22`). */
  used(userId: string, day: string): number;
  add(userId: string, day: string, rows: number): void;
}

/** The table `usage`. */
export function usageStore(db: Database): UsageStore {
  const used = db.prepare('SELECT count FROM usage WHERE user_id = ? AND day = ?');
  const add = db.prepare(
    'INSERT INTO usage VALUES (?, ?, ?) ON CONFLICT (user_id, day) DO UPDATE SET count = count + excluded.count',
  );
  return {
    used: (userId, day) => Number(used.get([userId, day])?.count ?? 0),
    add: (userId, day, rows) => void add.run([userId, day, rows]),
  };
}
