import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Connection, connect } from '../../src/index.ts';
import { startSandbox } from '../../src/sandbox/index.ts';
import { fixture } from '../fixtures.ts';
import { queryStore } from '../sandbox/query-store.ts';

/** Starts a sandbox and connects to it, until the test ends. `run` has what every upload needs; `query` reads the store. */
export async function openBench() {
  const folder = await mkdtemp(join(tmpdir(), 'np-script-'));
  const sandbox = await startSandbox({ dataDir: join(folder, 'data') });
  const { url, apiKey: key } = sandbox;
  const connection: Connection = await connect({ url, key });
  onTestFinished(async () => {
    await connection.close();
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  });
  const run = { server: connection.server, stateDir: join(folder, 'state') };
  return { run, folder, connection, url, key, query: (sql: string) => queryStore(join(folder, 'data'), sql) };
}

export const tiny = fixture('sae-tiny');
export const place = { model: 'tiny-kjv-4l', layer: 1 } as const;
