import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import Conf from 'conf';
import { AppError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import { keyFile } from './key-file.ts';

/** Keys stored on this machine, one a server, in a file that only its owner can read. */
export interface KeyStore {
  readonly path: string;
  get(origin: string): string | undefined;
  set(origin: string, key: string): void;
  /** Whether there was one to forget. */
  delete(origin: string): boolean;
}

const ownerOnly = 0o600;

/** Opens the key store in a folder. Its every use may fail with config_invalid: for a file that holds no keys, or cannot be written. */
export function openKeyStore(folder: string): KeyStore {
  const conf = orInvalid(folder, () => openConf(folder));
  return {
    path: conf.path,
    get: (origin) => orInvalid(folder, () => keyOf(conf, origin)),
    set: (origin, key) => orInvalid(folder, () => conf.set(origin, key)),
    delete: (origin) =>
      orInvalid(folder, () => {
        const had = conf.has(origin);
        conf.delete(origin);
        return had;
      }),
  };
}

function openConf(folder: string): Conf<Record<string, string>> {
  makeFolder(folder);
  // A copy or a backup may have come back readable for others.
  const file = join(folder, keyFile);
  if (existsSync(file)) {
    try {
      chmodSync(file, ownerOnly);
    } catch {
      // Not ours to change, as a secret that is mounted: it can be read all the same.
    }
  }
  const conf = new Conf<Record<string, string>>({
    cwd: folder,
    configName: keyFile.replace(/\.json$/, ''),
    projectName: 'neuronpedia',
    projectSuffix: '',
    configFileMode: ownerOnly,
    accessPropertiesByDotNotation: false,
    deserialize: (text) => (text === '' ? {} : JSON.parse(text)),
  });
  // Not shown: it may be a key.
  if (!Object.keys(conf.store).every((origin) => URL.canParse(origin)))
    throw new TypeError('it names what is no server');
  return conf;
}

/** What is wrong with the key of another server is nothing to this one. */
function keyOf(conf: Conf<Record<string, string>>, origin: string): string | undefined {
  const key: unknown = conf.get(origin);
  if (key === undefined || typeof key === 'string') return key;
  throw new TypeError(`what it holds for ${JSON.stringify(origin)} is no key`);
}

/** A parser's complaint shows a part of what it read, which may be a key. */
function reasonOf(cause: unknown): string {
  return cause instanceof SyntaxError ? 'keys.json is not JSON' : (cause as Error).message.slice(0, 120);
}

function orInvalid<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new AppError('config_invalid', `${folder}: the stored keys cannot be read or written (${reasonOf(cause)})`, {
      hints: ['mend or remove keys.json there, or choose another folder with NEURONPEDIA_CONFIG_DIR'],
    });
  }
}
