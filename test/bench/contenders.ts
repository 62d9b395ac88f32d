import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Shape } from './material.ts';
import { beside, part, run, tool, type Usage } from './measure.ts';

/** Requests in flight, the same for every contender but Python, which sends one at a time. */
const inFlight = 4;

/** Returns the rows per body, the same for all and as the tool itself chooses them: 128 if servers take that much. */
function rowsInBody(width: number): number {
  return 128 * width * usualText <= largestBody ? 128 : 64;
}

/** Bytes of a value as text, and of the largest request body that servers take. */
const usualText = 12.6;
const largestBody = 4_500_000;

/** A server in its own process. */
export interface Sink {
  readonly url: string;
  /** Width of the rows that are sent to it. */
  readonly width: number;
  close(): Promise<void>;
}

/** Starts a server that stores no features: `null` drains bodies, `parse` parses them, `keep` writes them to a file. */
export async function openSink(kind: 'null' | 'parse' | 'keep', width: number, file = ''): Promise<Sink> {
  const child = spawn(process.execPath, [part('sink'), kind, String(width), file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  return { url: await firstLine(child), width, close: () => ended(child) };
}

/** Returns the first line that a process prints. */
export async function firstLine(child: ChildProcess): Promise<string> {
  const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
  return line as string;
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.stdin?.end();
  await gone;
}

/** Runs the tool itself: the whole process, from start to end. */
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

/** Runs the naive script: readFile, JSON.stringify, fetch. */
export function naive({ url }: Sink, file: string, { rows, width }: Shape): Promise<Usage> {
  return run({ args: [part('naive'), url, file, ...[rows, width, rowsInBody(width), inFlight].map(String)] });
}

/** Runs the Python script: numpy and requests. */
export function python(command: string, { url, width }: Sink, file: string): Promise<Usage> {
  return run({ command, args: [beside('naive.py'), url, file, String(rowsInBody(width))] });
}

/** Posts the bodies again that a sink has kept. Returns the milliseconds of the sending alone. */
export async function resend({ url }: Sink, file: string): Promise<number> {
  const { stdout } = await run({ args: [part('resend'), url, file, String(inFlight)] });
  return Number(stdout);
}
