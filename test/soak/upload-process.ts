import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Material, model } from './material.ts';

/** One way to upload: what, to which kind of server, and where that server runs. */
export interface Lane {
  readonly name: string;
  readonly as: 'features' | 'vectors';
  readonly isPublic: boolean;
  /** Whether it runs in the killed process itself (`--sandbox`) or in a separate one behind a proxy. */
  readonly embedded: boolean;
}

const binary = join(import.meta.dirname, '../../bin/neuronpedia.js');

/** How many rows of the material are uploaded: features in batches of eight, vectors one by one. */
export const rowsOf = { features: 192, vectors: 24 } as const;

/** Returns the command line of an upload in small batches. */
export function uploadArgs(lane: Pick<Lane, 'as'>, saeId: string, material: Material, concurrency: number): string[] {
  const place = ['--model', model, '--layer', '1', '--hook', 'resid-post', '--orientation', 'rows', '--sae-id', saeId];
  const what =
    lane.as === 'features'
      ? ['--activations', material.activations, '--batch-size', '8', '--features', `0-${rowsOf.features - 1}`]
      : ['--as', 'vectors', '--features', `0-${rowsOf.vectors - 1}`];
  const how = ['--concurrency', String(concurrency), '--settle-timeout', '0', '--json'];
  return ['upload-sae', material.weights, ...place, ...what, ...how];
}

/** Starts the real binary with its state and settings in a folder. */
export function startUpload(args: readonly string[], folder: string, more: Readonly<Record<string, string>> = {}) {
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    NEURONPEDIA_CONFIG_DIR: join(folder, 'config'),
    NEURONPEDIA_STATE_DIR: join(folder, 'state'),
    NEURONPEDIA_API_KEY: 'sandbox-bulk',
    ...more,
  };
  const child = spawn(process.execPath, [binary, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = Promise.all([once(child, 'close'), text(child.stderr)]).then(([[code, signal], stderr]) => ({
    code: code as number | null,
    signal: signal as string | null,
    stderr,
  }));
  return { process: child, ended };
}
