import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../make-folder.ts';
import { type CompletionStore, completionStore } from './completions.ts';
import { type Database, loadDriver, type Row, type Value } from './driver.ts';
import { type ExampleStore, exampleStore } from './examples.ts';
import { type FeatureStore, featureStore } from './features.ts';
import { type ListStore, listStore } from './lists.ts';
import { type ModelStore, modelStore } from './models.ts';
import { type ReplayStore, replayStore } from './replays.ts';
import { SCHEMA, SCHEMA_VERSION, UPGRADES } from './schema.ts';
import { type ScoreStore, scoreStore } from './scores.ts';
import { type SourceStore, sourceStore } from './sources.ts';
import { type UsageStore, usageStore } from './usage.ts';
import { type WindowStore, windowStore } from './windows.ts';

/** All that a sandbox keeps. It knows no HTTP and checks no rules: those are the route tables'. */
export interface Store {
  /** Made once, stays with the data folder. */
  serverId: string;
  /** When the data folder was made, as an ISO instant. */
  createdAt: string;
  models: ModelStore;
  features: FeatureStore;
  examples: ExampleStore;
  scores: ScoreStore;
  replays: ReplayStore;
  usage: UsageStore;
  sources: SourceStore;
  lists: ListStore;
  completions: CompletionStore;
  windows: WindowStore;
  /** Runs `work` in one transaction that no other process's write can interleave; throws roll it back. */
  write<T>(work: () => T): T;
  /** Any SQL, for looking at the store from outside the routes. */
  query(sql: string, ...values: Value[]): Row[];
  close(): void;
}

const FILE = 'sandbox.db';
// How long a write waits for another process's write to end.
const BUSY_MS = 5_000;

/**
 * Deletes the database of a data folder, and with it the server's id. Throws with code `sandbox_in_use` where another
 * server is running over it: that one would go on with files that nobody finds again.
 */
export function removeStore(dataDir: string): void {
  if (existsSync(join(dataDir, FILE)) && isInUse(join(dataDir, FILE))) {
    throw Object.assign(new Error('a sandbox is running over it'), { code: 'sandbox_in_use' });
  }
  for (const end of ['', '-wal', '-shm']) rmSync(join(dataDir, FILE + end), { force: true });
}

/** SQLite gives up its log only for the one who has the database alone. What is no database is nobody's. */
function isInUse(path: string): boolean {
  let db: Database | undefined;
  try {
    db = new (loadDriver())(path, { timeout: 0 });
    db.exec('PRAGMA journal_mode = DELETE');
    return false;
  } catch (error) {
    return (error as { code?: string }).code === 'SQLITE_BUSY';
  } finally {
    db?.close();
  }
}

function transaction(db: Database): Store['write'] {
  return (work) => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      return result;
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };
}

function metaOf(db: Database, key: string): string {
  return String(db.prepare('SELECT value FROM meta WHERE key = ?').get([key])?.value ?? '');
}

function hasTables(db: Database): boolean {
  return db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'").get([]) !== undefined;
}

function refuseVersion(version: string, dataDir: string, wayOn: string): never {
  throw new Error(`${dataDir} holds sandbox data of version ${version || 'unknown'}, not ${SCHEMA_VERSION}; ${wayOn}`);
}

function requireVersion(db: Database, dataDir: string): void {
  const version = metaOf(db, 'version');
  if (version === SCHEMA_VERSION) return;
  refuseVersion(
    version,
    dataDir,
    Object.hasOwn(UPGRADES, version) ? 'a sandbox that starts there upgrades it' : 'empty it',
  );
}

function makeTables(db: Database, now: Date): void {
  db.exec(SCHEMA);
  const put = db.prepare('INSERT INTO meta VALUES (?, ?)');
  put.run(['version', SCHEMA_VERSION]);
  put.run(['serverId', randomUUID()]);
  put.run(['createdAt', now.toISOString()]);
}

function upgradeTables(db: Database, dataDir: string): void {
  const version = metaOf(db, 'version');
  if (version === SCHEMA_VERSION) return;
  const upgrade = Object.hasOwn(UPGRADES, version) ? UPGRADES[version] : undefined;
  db.exec(upgrade ?? refuseVersion(version, dataDir, 'empty it'));
  db.prepare("UPDATE meta SET value = ? WHERE key = 'version'").run([SCHEMA_VERSION]);
}

function storeOver(db: Database, write: Store['write']): Store {
  return {
    serverId: metaOf(db, 'serverId'),
    createdAt: metaOf(db, 'createdAt'),
    models: modelStore(db),
    features: featureStore(db),
    examples: exampleStore(db),
    scores: scoreStore(db),
    replays: replayStore(db),
    usage: usageStore(db),
    sources: sourceStore(db),
    lists: listStore(db),
    completions: completionStore(db),
    windows: windowStore(db),
    write,
    query: (sql, ...values) => db.prepare(sql).all(values),
    close: () => db.close(),
  };
}

/**
 * Opens, and where needed makes or upgrades, the store of a data folder for writing. Several processes may do so at once.
 * Throws with code `sandbox_unavailable` without libsql, or when the data is of a version that can't be upgraded.
 */
export function openWritableStore(dataDir: string, now: Date): Store {
  const Driver = loadDriver();
  makeFolder(dataDir);
  // SQLite makes its files readable for all, and those beside it like it.
  closeSync(openSync(join(dataDir, FILE), 'a', 0o600));
  const db = new Driver(join(dataDir, FILE), { timeout: BUSY_MS });
  try {
    // FULL: an answered batch survives a power cut too. Pages of 16 KiB hold several vectors without overflow.
    db.exec('PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA foreign_keys = ON`);
    const write = transaction(db);
    write(() => (hasTables(db) ? upgradeTables(db, dataDir) : makeTables(db, now)));
    return storeOver(db, write);
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens the store of a data folder for reading only, beside a running server or after it. Throws if there is none. */
export function openStore(dataDir: string): Store {
  const file = join(dataDir, FILE);
  if (!existsSync(file)) throw new Error(`no sandbox data in ${dataDir}`);
  const db = new (loadDriver())(file, { timeout: BUSY_MS });
  db.exec('PRAGMA query_only = ON');
  try {
    requireVersion(db, dataDir);
    return storeOver(db, transaction(db));
  } catch (error) {
    db.close();
    throw error;
  }
}
