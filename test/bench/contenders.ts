import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Shape } from './material.ts';
import { beside, part, run, tool, type Usage } from './measure.ts';

/** The same for everyone who sends: rows in a body, bodies under way. */
export const batch = 64;
export const inFlight = 4;

/** A server in a process of its own. */
export interface Sink {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a server that keeps nothing: `null` drains what it is sent, `parse` reads it as JSON, `keep` writes it to a file. */
export async function openSink(kind: 'null' | 'parse' | 'keep', width: number, file = ''): Promise<Sink> {
  const child = spawn(process.execPath, [part('sink'), kind, String(width), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return { url: await firstLine(child), close: () => ended(child) };
}

/** The first line that a process prints. */
export async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
  return line as string;
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.stdin?.end();
  await gone;
}

/** The product: the whole process, from its start to its end. */
export function upload(url: string, file: string, more: readonly string[] = [], env = {}): Promise<Usage> {
  const job = ['upload-sae', file, '--model', 'bench', '--layer', '1', '--sae-id', 'bench', '--api-url', url];
  const size = ['--batch-size', String(batch), '--concurrency', String(inFlight), '--no-progress', '--json'];
  const args = [...preloads(env), tool, ...job, ...size, ...more];
  return run({ args, env: { NEURONPEDIA_API_KEY: 'sandbox-bulk', ...env } });
}

const preloads = (env: object) => ('BENCH_FSYNC_MS' in env ? ['--import', beside('slow-fsync.mjs')] : []);

/** readFile, JSON.stringify, fetch. */
export function naive(url: string, file: string, { rows, width }: Shape): Promise<Usage> {
  return run({ args: [part('naive'), url, file, ...[rows, width, batch, inFlight].map(String)] });
}

/** numpy and requests. */
export function python(command: string, url: string, file: string): Promise<Usage> {
  return run({ command, args: [beside('naive.py'), url, file, String(batch)] });
}

/** Bodies that a sink has kept, posted again. Milliseconds of the sending alone. */
export async function resend(url: string, file: string): Promise<number> {
  const { stdout } = await run({ args: [part('resend'), url, file, String(inFlight)] });
  return Number(stdout);
}
