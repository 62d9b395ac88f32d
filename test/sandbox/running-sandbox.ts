import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts';
import { queryStore } from './query-store.ts';

// Tests read answers key by key; whether these have the right types is what the tests find out.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = any;

/** An answer with its body parsed. */
export interface Answered {
  status: number;
  headers: Headers;
  json: Json;
}

/** Sends one request with a key (null: none) and parses the answer. */
export async function send(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  { key = 'sandbox-bulk', headers = {} }: { key?: string | null; headers?: Record<string, string> } = {},
): Promise<Answered> {
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const response = await fetch(url + path, {
    method,
    headers: { ...(key === null ? {} : { 'x-api-key': key }), ...headers },
    ...(text === undefined ? {} : { body: text }),
  });
  return { status: response.status, headers: response.headers, json: await response.json() };
}

/** Makes an empty folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a sandbox that is closed when the test ends, with helpers for requests and queries. */
export async function running(options: Partial<SandboxOptions> = {}) {
  const dataDir = options.dataDir ?? temporaryFolder();
  const sandbox = await startSandbox({ dataDir, ...options });
  let open = true;
  const close = async () => {
    if (open) await sandbox.close();
    open = false;
  };
  onTestFinished(close);
  return {
    ...sandbox,
    close,
    dataDir,
    post: (path: string, body?: unknown, options?: Parameters<typeof send>[4]) =>
      send(sandbox.url, 'POST', path, body, options),
    get: (path: string, options?: Parameters<typeof send>[4]) => send(sandbox.url, 'GET', path, undefined, options),
    /** Counts the rows of a table through a separate connection. */
    count: (table: string) => Number(queryStore(dataDir, `SELECT count(*) AS n FROM ${table}`)[0]?.n),
    /** Runs a query through a separate connection. */
    ask: (sql: string) => queryStore(dataDir, sql),
  };
}

/** Starts a sandbox in which the user of `key` has made the source set `mine` of gpt2-small. */
export async function withSourceSet(options: Partial<SandboxOptions> = {}, key = 'sandbox-bulk') {
  const sandbox = await running(options);
  const made = await sandbox.post('/api/source-set/new', { name: 'mine', modelId: 'gpt2-small' }, { key });
  if (made.status !== 200) throw new Error(JSON.stringify(made.json));
  return sandbox;
}

/** Returns a vector of float32 values that depend on `seed`. */
export function vectorOf(width: number, seed = 1): number[] {
  return Array.from({ length: width }, (_none, i) => Math.fround(Math.sin(seed * 1000 + i)));
}

/** Returns a feature of a batch, with a gpt2-small vector. */
export function feature(index: number, more: Record<string, unknown> = {}) {
  return { index, vector: vectorOf(768, index), ...more };
}

/** Returns a body of `upload-batch` for the source `6-mine` of gpt2-small. */
export function batch(features: unknown[], more: Record<string, unknown> = {}) {
  return { modelId: 'gpt2-small', source: '6-mine', features, ...more };
}

/** Returns `length` features, numbered from `first`. */
export function features(first: number, length: number) {
  return Array.from({ length }, (_none, i) => feature(first + i));
}

/** Returns a body of `vector/new` for gpt2-small. */
export function newVector(more: Record<string, unknown> = {}) {
  const place = { modelId: 'gpt2-small', layerNumber: 6, hookType: 'hook_resid_post' };
  return { ...place, vector: vectorOf(768), vectorLabel: 'a label', ...more };
}

export const BATCH = '/api/feature/upload-batch';
