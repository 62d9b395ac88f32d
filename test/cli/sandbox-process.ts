import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { queryStore as query } from '../sandbox/query-store.ts';
import { binary, childEnv, type Json } from './run-cli.ts';

export interface SandboxArgs {
  data?: string;
  args?: readonly string[];
}

/** `neuronpedia sandbox` in a process of its own. */
export interface RunningSandbox {
  url: string;
  data: string;
  /** The first line of stdout. */
  listening: Json;
  pid: number;
  /** Ends it with a signal and returns its exit code. */
  close(signal?: NodeJS.Signals): Promise<number | null>;
  /** Returns what it has written to stderr so far. */
  stderr(): string;
  /** Posts JSON with the default key, as another program would, and returns the answer. */
  post(path: string, body: unknown): Promise<Json>;
}

/** Starts one and waits until it says that it is listening. */
export async function startSandboxProcess({ data, args = [] }: SandboxArgs): Promise<RunningSandbox> {
  const folder = data as string;
  const words = ['sandbox', '--json', '--port', '0', '--data', folder, ...args];
  const child = spawn(process.execPath, [binary, ...words], {
    env: childEnv({ HOME: folder, NEURONPEDIA_CONFIG_DIR: folder, NEURONPEDIA_STATE_DIR: folder }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const [first] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then((code) => Promise.reject(new Error(`the sandbox ended with ${code}`))),
  ]);
  const listening = JSON.parse(first);
  return {
    url: listening.url,
    data: folder,
    listening,
    pid: child.pid as number,
    close: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
    stderr: () => said,
    post: async (path, body) => {
      const headers = { 'x-api-key': 'sandbox-bulk' };
      const response = await fetch(listening.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return response.json();
    },
  };
}

/** A row of the store's table of features. */
export interface StoredFeature {
  model: string;
  source: string;
  index: number;
  kind: string;
  hookName: string | null;
  label: string | null;
  strength: number;
  visibility: string;
  /** Further facts about the row, besides its columns. */
  details: Json;
  /** What all rows of its upload share; null if that is nothing. */
  common: Json;
  /** Little-endian float32 bytes, in hex. */
  vector: string;
}

/** Queries the database in a data folder directly, past any server. */
export const queryStore: (data: string, sql: string, ...values: string[]) => Json[] = query;

/** Returns the features that a store holds of one source, in which `%` is a wildcard, or of all. */
export function storedFeatures(data: string, source = '%'): StoredFeature[] {
  const sql = `SELECT model_id AS model, source, idx AS "index", kind, hook_name AS hookName, label, strength,
    visibility, details, common.json AS common, lower(hex(vector)) AS vector
    FROM features LEFT JOIN common ON common.id = common_id WHERE source LIKE ? ORDER BY model_id, source, idx`;
  const rows = queryStore(data, sql, source) as Json[];
  return rows.map((row) => ({ ...row, details: JSON.parse(row.details), common: JSON.parse(row.common) }));
}

/** Returns everything that changes when a store is written to: rows and their times, idempotency keys, spent quota. */
export function everythingIn(data: string): Json[] {
  return [
    queryStore(data, 'SELECT id, model_id, source, idx, created_at, content_hash FROM features ORDER BY id'),
    queryStore(data, 'SELECT model_id, name, created_at FROM source_sets ORDER BY model_id, name'),
    queryStore(data, 'SELECT id, created_at FROM models ORDER BY id'),
    queryStore(data, 'SELECT id, key FROM idempotency ORDER BY id'),
    queryStore(data, 'SELECT * FROM usage ORDER BY user_id, day'),
  ];
}
