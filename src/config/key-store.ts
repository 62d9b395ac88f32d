import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Conf from 'conf';
import { AppError } from '../errors.ts';
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

/** Opens the key store in a folder. Error: config_invalid for a file that is no longer JSON or cannot be written. */
export function openKeyStore(folder: string): KeyStore {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // A copy or a backup may have come back readable for others.
    const file = join(folder, keyFile);
    if (existsSync(file)) chmodSync(file, ownerOnly);
    const conf = new Conf<Record<string, string>>({
      cwd: folder,
      configName: keyFile.replace(/\.json$/, ''),
      projectName: 'neuronpedia',
      projectSuffix: '',
      configFileMode: ownerOnly,
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
