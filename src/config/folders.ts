import { homedir, platform, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
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
  // Only if a folder is in it: an account without a home may have a place for each.
  const inHome = (...names: string[]) => join(homeFolder(), ...names);
  if (platform() === 'win32') {
    const local = join(absolute(env, 'LOCALAPPDATA') ?? inHome('AppData', 'Local'), 'neuronpedia');
    return { config: join(local, 'Config'), state: join(local, 'State'), data: join(local, 'Data') };
  }
  if (platform() === 'darwin') {
    const support = inHome('Library', 'Application Support', 'neuronpedia');
    return { config: inHome('Library', 'Preferences', 'neuronpedia'), state: join(support, 'state'), data: support };
  }
  const xdg = (name: string, fallback: string) => join(absolute(env, name) ?? inHome(fallback), 'neuronpedia');
  return {
    config: xdg('XDG_CONFIG_HOME', '.config'),
    state: xdg('XDG_STATE_HOME', '.local/state'),
    data: xdg('XDG_DATA_HOME', '.local/share'),
  };
}

/** Returns a folder that a variable of the system names. XDG's specification says to ignore one that depends on the place. */
function absolute(env: Env, name: string): string | undefined {
  const path = setting(env, name);
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

/** Returns HOME, or what the system's list of accounts says. Error: config_invalid for a user id without an account. */
function homeFolder(): string {
  try {
    // An empty HOME would make the current folder a home.
    const named = homedir();
    return isAbsolute(named) ? named : userInfo().homedir;
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

/** Returns the server that NEURONPEDIA_API_URL names, without white space that a file or a copy may have left in it. */
export function serverSetting(env: Env): string | undefined {
  return (
    setting(env, 'NEURONPEDIA_API_URL')
      ?.replaceAll(/[\t\r\n]/g, '')
      .trim() || undefined
  );
}
