import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

// A child process takes half a second on an idle machine and much longer on a busy one; no test measures time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** A JSON document, left untyped because its content is what the tests check. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = any;

/** The program that users start; it loads what `npm run build` makes. */
export const binary = fileURLToPath(new URL('../../bin/neuronpedia.js', import.meta.url));

export interface RunOptions {
  env?: Record<string, string>;
  /** What standard input delivers; nothing if absent. With null it is a pipe that stays open and delivers nothing. */
  stdin?: string | null;
  cwd?: string;
}

/** How a command line ended. */
export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Returns the environment of a child: `env` and `PATH`, and nothing else from the test runner. */
export function childEnv(env: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? '', ...env };
}

/** Starts `neuronpedia ARGS` as a process of its own; `ran` resolves when it has ended. */
export function startCli(
  args: readonly string[],
  { env, stdin, cwd }: RunOptions = {},
): { child: ChildProcess; ran: Promise<Ran> } {
  const child = spawn(process.execPath, [binary, ...args], {
    env: childEnv(env),
    ...(cwd !== undefined && { cwd }),
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    timeout: 100_000,
    killSignal: 'SIGKILL',
  });
  // A command that refuses its options does not read what is piped in.
  child.stdin?.on('error', () => undefined);
  if (typeof stdin === 'string') child.stdin?.end(stdin);
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const all = Promise.all([ended, text(child.stdout!), text(child.stderr!)]);
  return { child, ran: all.then(([code, stdout, stderr]) => ({ code, stdout, stderr })) };
}

/** Runs `neuronpedia ARGS` until it ends. */
export function runCli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return startCli(args, options).ran;
}

/** Runs it under a resource limit, given as bash's `ulimit` takes it (`-v 4000000`). */
export function runLimited(limit: string, args: readonly string[], env: Record<string, string>): Promise<Ran> {
  const words = ['-c', `ulimit ${limit} && exec "$@"`, 'bash', process.execPath, binary, ...args];
  return new Promise((resolve) => {
    const child = execFile('bash', words, { env: childEnv(env) }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

/** Returns the lines of a text that ends in a newline or is empty. */
export function linesOf(written: string): string[] {
  return written === '' ? [] : written.replace(/\n$/, '').split('\n');
}

/** Parses every line of stdout as JSON. */
export function documentsOf({ stdout }: Ran): Json[] {
  return linesOf(stdout).map((line) => JSON.parse(line));
}
