import { createRequire } from 'node:module';

/** What can be bound to a statement. The driver aborts the whole process on a boolean, hence the closed list. */
export type Value = string | number | Uint8Array | null;

/** One result row by column name. A blob is a Buffer from `get` and an ArrayBuffer from `all`. */
export type Row = Record<string, unknown>;

/** The part of a prepared statement that the store uses. */
export interface Statement {
  run(values: Value[]): { changes: number; lastInsertRowid: number | bigint };
  get(values: Value[]): Row | undefined;
  all(values: Value[]): Row[];
}

/** The part of a libsql database that the store uses. */
export interface Database {
  readonly inTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

type OpenDatabase = new (path: string, options: { timeout: number }) => Database;

/**
 * Loads libsql, an optional dependency, only when it is needed.
 * Throws an Error with `code: 'sandbox_unavailable'` if it, or its prebuilt binary, is not installed, and with
 * `code: 'sandbox_unloadable'` if the system does not let it load.
 */
export function loadDriver(load: (name: string) => unknown = createRequire(import.meta.url)): OpenDatabase {
  try {
    return load('libsql') as OpenDatabase;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw unloadable(cause as Error);
    const message =
      'the sandbox needs the package libsql, an optional dependency that cannot be loaded here; ' +
      'install it with `npm install libsql` (it has prebuilt binaries for Linux and macOS on x64 and arm64, and for Windows on x64)';
    throw Object.assign(new Error(message, { cause }), { code: 'sandbox_unavailable' });
  }
}

function unloadable(cause: Error): Error {
  const [reason] = cause.message.split('\n');
  const message = `the sandbox needs the package libsql, which is installed but cannot be loaded: ${reason}`;
  return Object.assign(new Error(message, { cause }), { code: 'sandbox_unloadable' });
}
