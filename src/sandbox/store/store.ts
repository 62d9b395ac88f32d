import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../../make-folder.ts';
import { type CompletionStore, completionStore } from './completions.ts';
import { type Database, loadDriver } from './driver.ts';
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

/** Everything that a sandbox stores. It knows nothing of HTTP and checks no rules: the routes do that. */
export interface Store {
  /** Made once; stays with the data folder. */
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
  /** Runs `work` in one transaction, during which no other process can write. Rolls back and rethrows if `work` throws. */
  write<T>(work: () => T): T;
  close(): void;
}

const FILE = 'sandbox.db';
// How long a write waits for another process's write to end, in milliseconds.
const BUSY_MS = 5_000;

/**
 * Deletes the database of a data folder, and with it the server's id. Throws with code `sandbox_in_use` if it is open
 * elsewhere: that server would go on writing to deleted files. Throws with code `sandbox_unavailable` without libsql.
 */
export function removeStore(dataDir: string): void {
  if (existsSync(join(dataDir, FILE)) && isInUse(join(dataDir, FILE))) {
    throw Object.assign(new Error('a running sandbox is using it'), { code: 'sandbox_in_use' });
  }
  for (const end of ['', '-wal', '-shm']) rmSync(join(dataDir, FILE + end), { force: true });
}

/** Whether the database is open elsewhere: only its sole user can take it out of WAL mode. False if it is no database. */
function isInUse(path: string): boolean {
  const Driver = loadDriver();
  let db: Database | undefined;
  try {
    db = new Driver(path, { timeout: 0 });
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

function refuseVersion(version: string, dataDir: string): never {
  const has = `the sandbox data in ${dataDir} has version ${version || 'unknown'}`;
  const message = `${has}, but this program needs version ${SCHEMA_VERSION}`;
  throw Object.assign(new Error(message), { code: 'sandbox_version' });
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
  db.exec(upgrade ?? refuseVersion(version, dataDir));
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
    close: () => db.close(),
  };
}

/**
 * Opens the store of a data folder for writing; makes or upgrades it if needed. Several processes may have it open.
 * Throws with code `sandbox_unavailable` if libsql is missing, `sandbox_version` if the data's version can't be upgraded.
 */
export function openWritableStore(dataDir: string, now: Date): Store {
  const Driver = loadDriver();
  makeFolder(dataDir);
  // SQLite would make the file readable by everyone. The files it makes beside it (-wal, -shm) get the same mode.
  closeSync(openSync(join(dataDir, FILE), 'a', 0o600));
  const db = new Driver(join(dataDir, FILE), { timeout: BUSY_MS });
  try {
    // FULL: an answered batch survives even a power cut. A 16 KiB page holds several vectors without overflow pages.
    db.exec('PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    const write = transaction(db);
    write(() => (hasTables(db) ? upgradeTables(db, dataDir) : makeTables(db, now)));
    return storeOver(db, write);
  } catch (error) {
    db.close();
    throw error;
  }
}
