import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Shape } from './material.ts';
import { beside, part, run, tool, type Usage } from './measure.ts';

/** Bodies under way, the same for everyone who sends. */
const inFlight = 4;

/** Rows in a body, the same for everyone: what the tool comes to by itself, 128 where that is not more than servers take. */
function rowsInBody(width: number): number {
  return 128 * width * usualText <= largestBody ? 128 : 64;
}

/** Bytes of a value as text, and of what servers take in a request. */
const usualText = 12.6;
const largestBody = 4_500_000;

/** A server in a process of its own. */
export interface Sink {
  readonly url: string;
  /** Of the rows that are sent to it. */
  readonly width: number;
  close(): Promise<void>;
}

/** Starts a server that keeps nothing: `null` drains what it is sent, `parse` reads it as JSON, `keep` writes it to a file. */
export async function openSink(kind: 'null' | 'parse' | 'keep', width: number, file = ''): Promise<Sink> {
  const child = spawn(process.execPath, [part('sink'), kind, String(width), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return { url: await firstLine(child), width, close: () => ended(child) };
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
export function upload(
  { url, width }: Sink,
  file: string,
  more: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Usage> {
  const job = ['upload-sae', file, '--model', 'bench', '--layer', '1', '--sae-id', 'bench', '--api-url', url];
  const size = [
    '--batch-size',
    String(rowsInBody(width)),
    '--concurrency',
    String(inFlight),
    '--no-progress',
    '--json',
  ];
  const args = [...preloads(env), tool, ...job, ...size, ...more];
  return run({ args, env: { NEURONPEDIA_API_KEY: 'sandbox-bulk', ...env } });
}

const preloads = (env: object) => ('BENCH_FSYNC_MS' in env ? ['--import', beside('slow-fsync.mjs')] : []);

/** readFile, JSON.stringify, fetch. */
export function naive({ url }: Sink, file: string, { rows, width }: Shape): Promise<Usage> {
  return run({ args: [part('naive'), url, file, ...[rows, width, rowsInBody(width), inFlight].map(String)] });
}

/** numpy and requests. */
export function python(command: string, { url, width }: Sink, file: string): Promise<Usage> {
  return run({ command, args: [beside('naive.py'), url, file, String(rowsInBody(width))] });
}

/** Bodies that a sink has kept, posted again. Milliseconds of the sending alone. */
export async function resend({ url }: Sink, file: string): Promise<number> {
  const { stdout } = await run({ args: [part('resend'), url, file, String(inFlight)] });
  return Number(stdout);
}
