import { join } from 'node:path';
import { loadDriver } from '../../src/sandbox/store/driver.ts';

/** Queries the database in a data folder directly, past any server and also beside a running one. Cannot write. */
export function queryStore(dataDir: string, sql: string, ...values: string[]): Record<string, unknown>[] {
  const db = new (loadDriver())(join(dataDir, 'sandbox.db'), { timeout: 5_000 });
  try {
    db.exec('PRAGMA query_only = ON');
    // The driver adds how long it took.
    return db
      .prepare(sql)
      .all(values)
      .map(({ _metadata, ...row }) => row);
  } finally {
    db.close();
  }
}
