import { homedir, platform } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../errors.ts';

/** Environment variables, as Node hands them over. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Where this tool keeps things. Each may be on a disk of its own. */
export interface Folders {
  /** Keys and settings; NEURONPEDIA_CONFIG_DIR. */
  readonly config: string;
  /** Journals and locks of uploads; NEURONPEDIA_STATE_DIR. */
  readonly state: string;
  /** Data of the embedded server. Not inside `state`: deleting jobs must not delete what a server has stored. */
  readonly sandbox: string;
}

/**
 * Returns the folders of this account, by the conventions of its operating system unless the environment names others.
 * Error: config_invalid if they would be in the home folder and there is none.
 */
export function foldersOf(env: Env): Folders {
  const config = setting(env, 'NEURONPEDIA_CONFIG_DIR');
  return {
    config: config ?? systemFolders(env).config,
    state: setting(env, 'NEURONPEDIA_STATE_DIR') ?? systemFolders(env).state,
    // Whoever names a separate configuration folder, as tests do, wants a separate sandbox too.
    sandbox: join(config ?? systemFolders(env).data, 'sandbox'),
  };
}

function systemFolders(env: Env): { config: string; state: string; data: string } {
  const home = homeFolder();
  if (platform() === 'win32') {
    const local = join(setting(env, 'LOCALAPPDATA') ?? join(home, 'AppData', 'Local'), 'neuronpedia');
    return { config: join(local, 'Config'), state: join(local, 'State'), data: join(local, 'Data') };
  }
  if (platform() === 'darwin') {
    const library = join(home, 'Library');
    const support = join(library, 'Application Support', 'neuronpedia');
    return { config: join(library, 'Preferences', 'neuronpedia'), state: join(support, 'state'), data: support };
  }
  const xdg = (name: string, fallback: string) => join(setting(env, name) ?? join(home, fallback), 'neuronpedia');
  return {
    config: xdg('XDG_CONFIG_HOME', '.config'),
    state: xdg('XDG_STATE_HOME', '.local/state'),
    data: xdg('XDG_DATA_HOME', '.local/share'),
  };
}

/** Error: config_invalid for a user id without an account, as in some containers. */
function homeFolder(): string {
  try {
    return homedir();
  } catch (cause) {
    throw new AppError('config_invalid', 'this account has no home folder to keep keys and progress in', {
      hints: ['set HOME, or NEURONPEDIA_CONFIG_DIR and NEURONPEDIA_STATE_DIR'],
      cause,
    });
  }
}

/** Returns an environment variable. An empty one counts as unset: shells and CI systems leave such variables. */
export function setting(env: Env, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
}
