import { statSync } from 'node:fs';
import { join } from 'node:path';
import { cleanKey } from '../api/key.ts';
import { defaultServer } from '../api/server-url.ts';
import { type Env, serverSetting, setting } from './folders.ts';
import { keyFile } from './key-file.ts';

/** A key and where it was found. */
export interface FoundKey {
  readonly key: string;
  readonly from: string;
  /** Whether to tell the user: the variable was used for a server that it may not be meant for. */
  readonly announce: boolean;
}

/**
 * Finds the key for a server; stored keys are in `folder`. NEURONPEDIA_API_KEY is meant for the default server and for the
 * one in NEURONPEDIA_API_URL. For any other server a stored key comes first. If none is stored, this loads no module and makes
 * no folder. Errors: those of the key store.
 */
export async function findKey(origin: string, env: Env, folder: string): Promise<FoundKey | undefined> {
  const inEnv = setting(env, 'NEURONPEDIA_API_KEY');
  const variable = (announce: boolean) =>
    inEnv && { key: cleanKey(inEnv, 'NEURONPEDIA_API_KEY'), from: 'NEURONPEDIA_API_KEY', announce };
  const meant = [defaultServer, serverSetting(env)].some((url) => url !== undefined && sameOrigin(url, origin));
  if (inEnv && meant) return variable(false) || undefined;
  const size = sizeOf(join(folder, keyFile));
  // A full disk leaves an empty file. Where keys may not be read, the variable is all there can be.
  const mayHold = size === undefined ? !inEnv : size > 0;
  const stored = mayHold ? await storedKey(origin, folder) : undefined;
  return stored ?? (variable(true) || undefined);
}

/** Reads a stored key. */
async function storedKey(origin: string, folder: string): Promise<FoundKey | undefined> {
  const { openKeyStore } = await import('./key-store.ts');
  const store = openKeyStore(folder);
  const key = store.get(origin);
  return key === undefined ? undefined : { key, from: store.path, announce: false };
}

/** Returns the size of a file, 0 if there is none, and undefined if this account may not see it. */
function sizeOf(path: string): number | undefined {
  try {
    return statSync(path).size;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 0 : undefined;
  }
}

function sameOrigin(url: string, origin: string): boolean {
  return URL.canParse(url) && new URL(url).origin === origin;
}
