import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import Conf from 'conf';
import { AppError } from '../errors.ts';
import { writeHint } from '../file-fault.ts';
import { makeFolder } from '../make-folder.ts';
import { keyFile } from './key-file.ts';

/** Keys stored on this machine, one per server, in a file that only its owner can read. */
export interface KeyStore {
  readonly path: string;
  get(origin: string): string | undefined;
  set(origin: string, key: string): void;
  /** Returns whether there was a key to delete. */
  delete(origin: string): boolean;
}

const ownerOnly = 0o600;

/** Opens the key store in a folder. Error, here and later: config_invalid if its file holds no keys or cannot be written. */
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
  // A copy restored from a backup may be readable by others.
  const file = join(folder, keyFile);
  if (existsSync(file)) {
    try {
      chmodSync(file, ownerOnly);
    } catch {
      // Not ours to change, such as a mounted secret. It can still be read.
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
  // The message does not show the name: it may be a key.
  if (!Object.keys(conf.store).every((origin) => URL.canParse(origin)))
    throw new TypeError('it has an entry that is not a server address');
  return conf;
}

/** Returns the key of a server. An invalid key of another server does not matter here. Error: TypeError. */
function keyOf(conf: Conf<Record<string, string>>, origin: string): string | undefined {
  const key: unknown = conf.get(origin);
  if (key === undefined || typeof key === 'string') return key;
  throw new TypeError(`its entry for ${JSON.stringify(origin)} is not a key`);
}

/** Describes a failure. A JSON parser's own message is left out: it quotes the text, which may be a key. */
function reasonOf(cause: unknown): string {
  return cause instanceof SyntaxError ? 'keys.json is not JSON' : (cause as Error).message.slice(0, 120);
}

function orInvalid<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const other = 'choose another folder with NEURONPEDIA_CONFIG_DIR';
    // What comes from the system has a number; anything else is about the content of the file.
    const isOfSystem = (cause as NodeJS.ErrnoException).errno !== undefined;
    throw new AppError('config_invalid', `${folder}: the stored keys cannot be read or written (${reasonOf(cause)})`, {
      hints: [isOfSystem ? writeHint(cause, other) : `fix or remove keys.json there, or ${other}`],
      cause: isOfSystem ? cause : undefined,
    });
  }
}
