import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { connect } from '../../src/api/connect.ts';
import { findSaes } from '../../src/layouts/find.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts';
import { loadDriver } from '../../src/sandbox/store/driver.ts';
import type { PreparedSae, SaeOptions } from '../../src/upload/kinds/prepared-sae.ts';
import { prepareSae } from '../../src/upload/kinds/sae.ts';
import { sendSae } from '../../src/upload/kinds/send-sae.ts';
import type { JobReport, UploadRun } from '../../src/upload/run.ts';
import { fixture } from '../fixtures.ts';
import { queryStore } from '../sandbox/query-store.ts';
import { type FaultProxy, type Plan, startFaultProxy } from './fault-proxy.ts';

/** A feature as the store holds it. */
export interface Held {
  readonly index: number;
  readonly label: string | null;
  /** Little-endian float32 bytes in hex; null where the server keeps no vectors. */
  readonly vector: string | null;
  readonly density?: number;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly metadata?: Record<string, unknown> | null;
}

/** A sandbox in this process and uploads to it through the library: real HTTP, a real store, no child process. */
export interface LibraryBench {
  readonly sandbox: Sandbox;
  readonly folder: string;
  readonly state: string;
  readonly proxy: FaultProxy;
  /** Checks the only SAE under a path and sends it. */
  upload(
    path: string,
    options?: Partial<SaeOptions>,
    more?: Partial<UploadRun>,
    /** The server's address, unless it is the proxy's. */
    url?: string,
  ): Promise<{ prepared: PreparedSae; report: JobReport }>;
  /** Returns all that the store holds of a source set, ordered by index. */
  held(saeId?: string): Held[];
  /** Runs a query on the store. */
  ask(sql: string): Record<string, unknown>[];
  /** Changes the store behind the server's back. */
  change(sql: string): void;
}

const place = { model: 'tiny-kjv-4l', layer: 1, hook: 'resid-post', orientation: 'rows' } as const;

/** Opens a bench for the length of a test; `plan` says which requests go wrong. */
export async function openLibraryBench(
  isPublic = false,
  plan: Plan = () => undefined,
  more: Partial<SandboxOptions> = {},
): Promise<LibraryBench> {
  const folder = await mkdtemp(join(tmpdir(), 'np-library-'));
  const data = join(folder, 'data');
  const sandbox = await startSandbox({ dataDir: data, public: isPublic, ...more });
  const proxy = await startFaultProxy(sandbox.url, plan);
  onTestFinished(async () => {
    await proxy.close();
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  });
  const state = join(folder, 'state');
  return {
    ...{ sandbox, folder, state, proxy },
    upload: (path, options = {}, more = {}, url = proxy.url) =>
      upload(url, sandbox.apiKey, { stateDir: state, ...more }, path, options),
    held: (saeId = 'bench') => readHeld(data, `1-${saeId}`),
    ask: (sql) => queryStore(data, sql),
    change(sql) {
      const db = new (loadDriver())(join(data, 'sandbox.db'), { timeout: 5000 });
      db.exec(sql);
      db.close();
    },
  };
}

async function upload(
  url: string,
  key: string,
  more: Pick<UploadRun, 'stateDir'> & Partial<UploadRun>,
  path: string,
  options: Partial<SaeOptions>,
) {
  const { server, close } = await connect({ url, key, userAgent: 'test', insecure: false });
  const [sae] = await findSaes(path);
  if (!sae) throw new Error(`${path} holds no SAE`);
  try {
    const onEvent = () => undefined;
    const run = {
      server,
      restart: false,
      wait: false,
      assumeNew: false,
      onEvent,
      forceUnlock: false,
      settleTimeoutMs: 0,
      command: 'again',
      ...more,
    };
    const prepared = await prepareSae(sae, { saeId: 'bench', ...place, ...options }, run);
    try {
      const { signal } = new AbortController();
      const limits = { rows: 4, inFlight: 1, ...options.limits };
      const report = await sendSae(prepared, limits, { stop: signal, abort: signal, ...run });
      return { prepared, report };
    } finally {
      await prepared.close();
    }
  } finally {
    await sae.file.close();
    await close();
  }
}

function readHeld(data: string, source: string): Held[] {
  const sql = `SELECT idx AS "index", label, lower(hex(vector)) AS vector, details FROM features
    WHERE source IN (?, '1-neuronpedia-resid-post') ORDER BY idx`;
  const rows = queryStore(data, sql, source);
  return rows.map((row) => {
    const { details, index, label, vector } = row as unknown as Held & { details: string };
    const { density, name, description, metadata } = JSON.parse(details);
    return { index, label, vector, density, name, description, metadata };
  });
}

/** Returns the path of a fixture with facts or rows of features. */
export const factFile = (name: string) => fixture('feature-data', name);

/** The indices that the rows of `rows.arrow`, `rows.npz` and `rows.jsonl` have, in the order of the rows. */
export const ownIndices = Array.from({ length: 16 }, (_, row) => ((7 * row + 5) % 97) * 1000 + row);
