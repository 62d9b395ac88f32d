import type { Database } from './driver.ts';

/** How many requests each address sent to each limited endpoint, per hour. Hours are counted from 1970. */
export interface WindowStore {
  count(ip: string, endpoint: string, hour: number): number;
  /** Counts one request, and deletes hours that are too old for the window. */
  add(ip: string, endpoint: string, hour: number): void;
}

/** The table `windows`. */
export function windowStore(db: Database): WindowStore {
  const count = db.prepare('SELECT count FROM windows WHERE ip = ? AND endpoint = ? AND hour = ?');
  const add = db.prepare(
    'INSERT INTO windows VALUES (?, ?, ?, 1) ON CONFLICT (ip, endpoint, hour) DO UPDATE SET count = count + 1',
  );
  const forget = db.prepare('DELETE FROM windows WHERE ip = ? AND endpoint = ? AND hour < ?');
  return {
    count: (...at) => Number(count.get(at)?.count ?? 0),
    add: (ip, endpoint, hour) => {
      add.run([ip, endpoint, hour]);
      forget.run([ip, endpoint, hour - 1]);
    },
  };
}
