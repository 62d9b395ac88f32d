import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts';
import { runHere } from '../cli/in-process.ts';
import { queryStore } from '../sandbox/query-store.ts';

const binary = join(import.meta.dirname, '../../bin/neuronpedia.js');

/** A sandbox, a decoder to upload, and the real binary to upload it with, for tests of interrupted uploads. */
export interface Bench {
  readonly sandbox: Sandbox;
  readonly folder: string;
  readonly rows: number;
  /** Uploads the decoder to a server with the binary; state and settings are the bench's own. */
  upload(url: string, ...more: string[]): Run;
  uploadAs(key: string, url: string, ...more: string[]): Run;
  /** Uploads the tiny SAE of the fixtures with its activations. */
  uploadSae(url: string, ...more: string[]): Run;
  /** Uploads a steering vector with two texts. */
  uploadVector(url: string, ...more: string[]): Run;
  /** Starts the binary with any other arguments. */
  run(...args: string[]): Run;
  /** Does the same with another key. */
  runAs(as: string, ...args: string[]): Run;
  /** Queries the store directly, without the server. */
  query(sql: string): Record<string, unknown>[];
  stored(): { index: number; vector: Float32Array }[];
  /** Returns the value at a row and column of the decoder. */
  valueAt(row: number, column: number): number;
  close(): Promise<void>;
}

export interface Run {
  readonly process: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
}

export const width = 64;
const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--orientation', 'rows', '--sae-id', 'bench'];

/** Opens a bench with a decoder of `rows` × 64 whose values depend on their position. */
export function openBench(rows: number, options: BenchOptions = {}): Promise<Bench> {
  return makeBench(rows, { ...options, public: false });
}

/** Opens a bench with a one-row decoder and a sandbox that behaves like the public server. */
export function openPublicBench(options: BenchOptions = {}): Promise<Bench> {
  return makeBench(1, { ...options, public: true });
}

/** Options of a bench: those of its sandbox, and the key and environment of the binary. */
export interface BenchOptions extends Partial<SandboxOptions> {
  key?: string;
  env?: Record<string, string>;
  /** Runs commands in this process instead of the real binary, for tests that are not about processes. */
  here?: boolean;
  /** Returns the value at a row and column of the decoder. */
  valueAt?: (row: number, column: number) => number;
}

async function makeBench(
  rows: number,
  { key: given, env = {}, here = false, valueAt: value, ...options }: BenchOptions,
): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'np-bench-'));
  const valueAt = value ?? ((row: number, column: number) => Math.fround(Math.sin(row * 64 + column) / 3));
  await writeFile(join(folder, 'W_dec.npy'), npyOf(rows, valueAt));
  await writeFile(join(folder, 'texts.jsonl'), '{"tokens":["a"],"values":[1]}\n{"tokens":["b"],"values":[2]}\n');
  const data = join(folder, 'data');
  const sandbox = await startSandbox({ dataDir: data, ...options });
  const key = given ?? sandbox.apiKey;
  const begin = (args: string[], as = key) => (here ? startHere : start)(args, envOf(folder, as, env));
  return {
    sandbox,
    folder,
    rows,
    valueAt,
    upload: (url, ...more) => begin(uploadArgs(folder, url, more)),
    uploadAs: (as, url, ...more) => begin(uploadArgs(folder, url, more), as),
    uploadSae: (url, ...more) => begin(saeArgs(url, more)),
    uploadVector: (url, ...more) => begin(vectorArgs(folder, url, more)),
    run: (...args) => begin(args),
    runAs: (as, ...args) => begin(args, as),
    query: (sql) => queryStore(data, sql),
    stored: () => readStored(data),
    close: async () => {
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function uploadArgs(folder: string, url: string, more: string[]): string[] {
  return ['upload-sae', join(folder, 'W_dec.npy'), ...place, '--api-url', url, ...more];
}

const tinySae = join(import.meta.dirname, '../../fixtures/sae-tiny');

function saeArgs(url: string, more: string[]): string[] {
  const examples = more.includes('vectors') ? [] : ['--activations', join(tinySae, 'activations.jsonl')];
  return ['upload-sae', tinySae, ...examples, '--sae-id', 'bench', '--api-url', url, ...more];
}

function npyOf(rows: number, valueAt: (row: number, column: number) => number): Buffer {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`.padEnd(117);
  const head = Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]),
    Buffer.from(`${header}\n`),
  ]);
  const data = Buffer.alloc(rows * width * 4);
  for (let i = 0; i < rows * width; i++) data.writeFloatLE(valueAt(Math.floor(i / width), i % width), i * 4);
  return Buffer.concat([head, data]);
}

function envOf(folder: string, key: string, more: Record<string, string>): Record<string, string> {
  return {
    HOME: folder,
    NEURONPEDIA_CONFIG_DIR: join(folder, 'config'),
    NEURONPEDIA_STATE_DIR: join(folder, 'state'),
    NEURONPEDIA_API_KEY: key,
    NO_COLOR: '1',
    ...more,
  };
}

function startHere(args: string[], env: Record<string, string>): Run {
  return {
    get process(): never {
      throw new Error('this bench has no processes of its own');
    },
    ended: runHere(args, { env }).then((ran) => ({ ...ran, signal: null })),
  };
}

function start(args: string[], env: Record<string, string>): Run {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
  const child = spawn(process.execPath, [binary, ...args], { env: { ...process.env, ...env }, stdio });
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }));
  return { process: child, ended };
}

function vectorArgs(folder: string, url: string, more: string[]): string[] {
  const file = join(import.meta.dirname, '../../fixtures/vectors/woman-minus-man-64-f32.npy');
  const place = ['--model', 'tiny-kjv-4l', '--layer', '1', '--name', 'woman minus man'];
  return ['upload-vector', file, ...place, '--activations', join(folder, 'texts.jsonl'), '--api-url', url, ...more];
}

function readStored(data: string): { index: number; vector: Float32Array }[] {
  const sql = 'SELECT idx, vector FROM features ORDER BY idx';
  const rows = queryStore(data, sql) as { idx: number; vector: Uint8Array }[];
  return rows.map(({ idx, vector }) => ({
    index: idx,
    vector: new Float32Array(Uint8Array.from(new Uint8Array(vector)).buffer),
  }));
}

/** Returns the rows of the decoder that the store lacks, holds with other values, or holds twice. */
export function compareWithStore(bench: Bench): { missing: number[]; wrong: number[]; twice: number[] } {
  const seen = new Set<number>();
  const wrong: number[] = [];
  const twice: number[] = [];
  for (const { index, vector } of bench.stored()) {
    if (seen.has(index)) twice.push(index);
    seen.add(index);
    const same =
      vector.length === width && vector.every((value, column) => Object.is(value, bench.valueAt(index, column)));
    if (!same) wrong.push(index);
  }
  const missing = Array.from({ length: bench.rows }, (_, row) => row).filter((row) => !seen.has(row));
  return { missing, wrong, twice };
}

/** The comparison when no row is missing, wrong or stored twice. */
export const allThere = { missing: [], wrong: [], twice: [] };
