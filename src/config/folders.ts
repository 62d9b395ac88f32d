import { homedir, platform } from 'node:os';
import { join } from 'node:path';

/** Environment variables, as Node hands them over. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Where this tool keeps things. Each may be on a disk of its own. */
export interface Folders {
  /** Keys and settings; NEURONPEDIA_CONFIG_DIR. */
  readonly config: string;
  /** Journals and locks of uploads; NEURONPEDIA_STATE_DIR. */
  readonly state: string;
  /** What the embedded server has stored. Not below the state: forgetting jobs must not forget what a server holds. */
  readonly sandbox: string;
}

/** The folders of this account, by the customs of its operating system, unless the environment names others. */
export function foldersOf(env: Env): Folders {
  const own = systemFolders(env);
  const config = setting(env, 'NEURONPEDIA_CONFIG_DIR');
  return {
    config: config ?? own.config,
    state: setting(env, 'NEURONPEDIA_STATE_DIR') ?? own.state,
    // Whoever sets the configuration apart, as tests do, means the sandbox with it.
    sandbox: config === undefined ? join(own.data, 'sandbox') : join(config, 'sandbox'),
  };
}

function systemFolders(env: Env): { config: string; state: string; data: string } {
  const home = homedir();
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

/** An empty variable counts as none, as shells and CI systems leave them. */
export function setting(env: Env, name: string): string | undefined {
  const value = env[name];
  return value === undefined || value === '' ? undefined : value;
}
