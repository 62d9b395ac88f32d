import { existsSync, readdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { foldersOf } from '../../src/config/folders.ts';
import { test } from '../cli/home.ts';

describe.skipIf(process.platform === 'win32')('the folders of an account', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('are in its home by the list of accounts if HOME is empty or relative, never in the current folder', () => {
    for (const home of ['', 'home', '.']) {
      vi.stubEnv('HOME', home);
      const folders = Object.values(foldersOf({}));
      expect(
        folders.filter((folder) => !folder.startsWith(userInfo().homedir)),
        home,
      ).toEqual([]);
    }
  });

  it.skipIf(process.platform === 'darwin')(
    'are not where a relative XDG variable says, but NEURONPEDIA_* may be relative',
    () => {
      vi.stubEnv('HOME', '/home/me');
      const env = { XDG_CONFIG_HOME: 'conf', XDG_STATE_HOME: './state', XDG_DATA_HOME: '/data' };
      expect(foldersOf(env)).toEqual({
        config: '/home/me/.config/neuronpedia',
        state: '/home/me/.local/state/neuronpedia',
        sandbox: '/data/neuronpedia/sandbox',
      });
      expect(foldersOf({ ...env, NEURONPEDIA_CONFIG_DIR: 'c', NEURONPEDIA_STATE_DIR: 's' })).toEqual({
        ...{ config: 'c', state: 's', sandbox: join('c', 'sandbox') },
      });
    },
  );

  test.skipIf(process.platform === 'darwin')('need no home if XDG variables name all of them', async ({ home }) => {
    const homeless =
      "import os from 'node:os';import { syncBuiltinESMExports } from 'node:module';" +
      "os.homedir = os.userInfo = () => { throw new Error('no such account'); };syncBuiltinESMExports();";
    const folder = (name: string) => join(home.folder, name);
    const env = {
      ...{ NEURONPEDIA_CONFIG_DIR: '', NEURONPEDIA_STATE_DIR: '', XDG_CONFIG_HOME: folder('c') },
      ...{ XDG_STATE_HOME: folder('s'), XDG_DATA_HOME: folder('d') },
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(homeless)}`,
    };
    const ran = await home.run(['logout'], { env });
    expect(ran).toMatchObject({ code: 0, stderr: 'no key was stored for https://www.neuronpedia.org\n' });
    expect(readdirSync(folder('c'))).toEqual(['neuronpedia']);
    const without = await home.run(['logout'], { env: { ...env, XDG_STATE_HOME: '' } });
    expect(without).toMatchObject({ code: 6, stderr: expect.stringContaining('no home folder') });
    expect(existsSync(folder('s'))).toBe(false);
  });
});
