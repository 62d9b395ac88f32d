import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as plainTest } from 'vitest';
import { runHere } from './in-process.ts';
import { type Ran, type RunOptions, runCli, startCli } from './run-cli.ts';
import { type RunningSandbox, type SandboxArgs, startSandboxProcess } from './sandbox-process.ts';

/** The folders of one person on one machine, none of them shared with another test. */
export interface Home {
  folder: string;
  config: string;
  state: string;
  /** Where `--sandbox` keeps its data. */
  sandboxData: string;
  env: Record<string, string>;
  /** Runs a command line in this home. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Starts a command line as a process that can be signalled. */
  start(args: readonly string[], env?: Record<string, string>): ReturnType<typeof startCli>;
  /** Runs a command line against a server, with the key `sandbox-bulk` unless `options` sets another. */
  runAt(url: string, args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Starts `neuronpedia sandbox` here; it ends with the test. */
  sandbox(options?: SandboxArgs): Promise<RunningSandbox>;
  /** Writes a file and returns its path. */
  file(name: string, bytes: Uint8Array | string): string;
  /** Closes something else when the test ends. */
  own<T extends { close(): Promise<unknown> }>(thing: T): T;
}

type RunCommand = (args: readonly string[], options: RunOptions) => Promise<Ran>;

/** Runs a command line in this process, as `main` does: no start-up time, but no working directory of its own. */
function runInProcess(args: readonly string[], { env = {}, stdin, cwd }: RunOptions): Promise<Ran> {
  if (cwd !== undefined || stdin === null) throw new Error('that takes a process of its own');
  return runHere(args, { env, ...(stdin !== undefined && { stdin }) });
}

function makeHome(owned: { close(): Promise<unknown> }[], runCommand: RunCommand): Home {
  const folder = mkdtempSync(join(tmpdir(), 'neuronpedia-cli-'));
  const [config, state] = [join(folder, 'config'), join(folder, 'state')];
  const env = { HOME: folder, NEURONPEDIA_CONFIG_DIR: config, NEURONPEDIA_STATE_DIR: state };
  const own: Home['own'] = (thing) => {
    owned.push(thing);
    return thing;
  };
  const run: Home['run'] = (args, options) => runCommand(args, { ...options, env: { ...env, ...options?.env } });
  return {
    folder,
    config,
    state,
    sandboxData: join(config, 'sandbox'),
    env,
    run,
    start: (args, more) => startCli(args, { env: { ...env, ...more } }),
    runAt: (url, args, options) =>
      run([...args, '--api-url', url], { ...options, env: { NEURONPEDIA_API_KEY: 'sandbox-bulk', ...options?.env } }),
    sandbox: async (options = {}) => own(await startSandboxProcess({ data: join(folder, 'server'), ...options })),
    file: (name, bytes) => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    },
    own,
  };
}

function testWith(runCommand: RunCommand) {
  return plainTest
    .extend<{ home: Home }>({
      // biome-ignore lint/correctness/noEmptyPattern: the runner reads what a fixture needs from this pattern
      home: async ({}, use) => {
        const owned: { close(): Promise<unknown> }[] = [];
        const home = makeHome(owned, runCommand);
        await use(home);
        for (const thing of owned.reverse()) await thing.close();
        rmSync(home.folder, { recursive: true, force: true });
      },
    })
    .extend<{ $file: { server: RunningSandbox } }>({
      server: [
        // biome-ignore lint/correctness/noEmptyPattern: see above
        async ({}, use) => {
          const data = mkdtempSync(join(tmpdir(), 'neuronpedia-server-'));
          const server = await startSandboxProcess({ data });
          await use(server);
          await server.close();
          rmSync(data, { recursive: true, force: true });
        },
        { scope: 'file' },
      ],
    });
}

/** `test` with a `home` of its own and a `server` that the tests of one file share. Commands run as processes. */
export const test = testWith(runCli);

/** The same for tests that are not about processes: commands run in this one, which takes a tenth of the time. */
export const testHere = testWith(runInProcess);
