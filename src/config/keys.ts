import { mkdirSync } from 'node:fs';
import Conf from 'conf';
import { AppError } from '../errors.ts';
import { type Env, setting } from './folders.ts';

/** The server that is meant when none is named. */
export const defaultServer = 'https://www.neuronpedia.org';

/** Keys stored on this machine, one a server, in a file that only its owner can read. */
export interface KeyStore {
  readonly path: string;
  get(origin: string): string | undefined;
  set(origin: string, key: string): void;
  /** Whether there was one to forget. */
  delete(origin: string): boolean;
}

/** Opens the key store in a folder. Error: config_invalid for a file that is no longer JSON or cannot be written. */
export function openKeyStore(folder: string): KeyStore {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const conf = new Conf<Record<string, string>>({
      cwd: folder,
      configName: 'keys',
      projectName: 'neuronpedia',
      projectSuffix: '',
      configFileMode: 0o600,
      accessPropertiesByDotNotation: false,
    });
    return {
      path: conf.path,
      get: (origin) => {
        const key = conf.get(origin);
        return typeof key === 'string' ? key : undefined;
      },
      set: (origin, key) => conf.set(origin, key),
      delete: (origin) => {
        const had = conf.has(origin);
        conf.delete(origin);
        return had;
      },
    };
  } catch (cause) {
    throw new AppError(
      'config_invalid',
      `${folder}: the stored keys cannot be read or written (${(cause as Error).message.slice(0, 120)})`,
      {
        hints: ['mend or remove keys.json there, or choose another folder with NEURONPEDIA_CONFIG_DIR'],
      },
    );
  }
}

/** A key and where it was found. */
export interface FoundKey {
  readonly key: string;
  readonly from: string;
  /** Worth saying aloud: the variable was used for a server that it may not have been meant for. */
  readonly announce: boolean;
}

/**
 * The key for a server. NEURONPEDIA_API_KEY is meant for the default server and for the one in NEURONPEDIA_API_URL;
 * elsewhere a stored key comes first.
 */
export function findKey(origin: string, env: Env, store: KeyStore): FoundKey | undefined {
  const inEnv = setting(env, 'NEURONPEDIA_API_KEY');
  const variable = (announce: boolean) =>
    inEnv && { key: cleanKey(inEnv, 'NEURONPEDIA_API_KEY'), from: 'NEURONPEDIA_API_KEY', announce };
  const meant = [defaultServer, setting(env, 'NEURONPEDIA_API_URL')].some(
    (url) => url !== undefined && sameOrigin(url, origin),
  );
  if (inEnv && meant) return variable(false) || undefined;
  const stored = store.get(origin);
  if (stored !== undefined) return { key: stored, from: store.path, announce: false };
  return variable(true) || undefined;
}

function sameOrigin(url: string, origin: string): boolean {
  return URL.canParse(url) && new URL(url).origin === origin;
}

/** A key as it can stand in a header: what copying adds at its ends is cut off, anything else strange is refused. */
export function cleanKey(text: string, from: string): string {
  const key = text.replace(/^\uFEFF/, '').trim();
  if (key === '') throw new AppError('no_key', `${from}: the key is empty`);
  const strange = [...key].find((character) => !/[\x21-\x7e]/.test(character) || /["'`]/.test(character));
  if (strange === undefined) return key;
  throw new AppError('no_key', `${from}: the key holds ${JSON.stringify(strange)}, which no key has`, {
    hints: ['copy it again, by itself: no quotes, no spaces, one line'],
  });
}
