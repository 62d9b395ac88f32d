import { statSync } from 'node:fs';
import { join } from 'node:path';
import { defaultServer } from '../api/server-url.ts';
import { AppError } from '../errors.ts';
import { type Env, setting } from './folders.ts';
import { keyFile } from './key-file.ts';

/** A key and where it was found. */
export interface FoundKey {
  readonly key: string;
  readonly from: string;
  /** Worth saying aloud: the variable was used for a server that it may not have been meant for. */
  readonly announce: boolean;
}

/**
 * The key for a server; stored ones lie in `folder`. NEURONPEDIA_API_KEY is meant for the default server and for the one in NEURONPEDIA_API_URL;
 * elsewhere a stored key comes first.
 */
export async function findKey(origin: string, env: Env, folder: string): Promise<FoundKey | undefined> {
  const inEnv = setting(env, 'NEURONPEDIA_API_KEY');
  const variable = (announce: boolean) =>
    inEnv && { key: cleanKey(inEnv, 'NEURONPEDIA_API_KEY'), from: 'NEURONPEDIA_API_KEY', announce };
  const meant = [defaultServer, setting(env, 'NEURONPEDIA_API_URL')].some(
    (url) => url !== undefined && sameOrigin(url, origin),
  );
  if (inEnv && meant) return variable(false) || undefined;
  const stored = await storedKey(origin, folder);
  return stored ?? (variable(true) || undefined);
}

/** Nothing is loaded, and no folder made, where no key is stored. */
async function storedKey(origin: string, folder: string): Promise<FoundKey | undefined> {
  // An empty one is what a full disk left.
  if (sizeOf(join(folder, keyFile)) === 0) return undefined;
  const { openKeyStore } = await import('./key-store.ts');
  const store = openKeyStore(folder);
  const key = store.get(origin);
  return key === undefined ? undefined : { key, from: store.path, announce: false };
}

/** 0 where there is none, or none that this account may see. */
function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

function sameOrigin(url: string, origin: string): boolean {
  return URL.canParse(url) && new URL(url).origin === origin;
}

/** A key without what copying adds at its ends. */
export function plainKey(text: string): string {
  return text
    .replace(/^\uFEFF/, '')
    .trim()
    .replace(/^Bearer\s+/i, '')
    .replace(/^(["'])(.*)\1$/, '$2');
}

/** A key as it can stand in a header: what copying adds at its ends is cut off, anything else strange is refused. */
export function cleanKey(text: string, from: string): string {
  const key = plainKey(text);
  if (key === '') throw new AppError('no_key', `${from}: the key is empty`, { hints: ['a key is one line of text'] });
  const strange = [...key].find((character) => !/[\x21-\x7e]/.test(character) || /["'`]/.test(character));
  if (strange === undefined) return key;
  throw new AppError('no_key', `${from}: the key holds ${JSON.stringify(strange)}, which no key has`, {
    hints: ['copy it again, by itself: no quotes, no spaces, one line'],
  });
}
