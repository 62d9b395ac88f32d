import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { seededRandom } from '../seeded-random.ts';

const here = process.env.BENCH_FOLDER as string;
const parts = process.env.BENCH_PARTS as string;

/** The path of the built tool. */
export const tool = join(here, '../../bin/neuronpedia.js');
/** Returns the path of another entry point of the benches, bundled. */
export const part = (name: string) => join(parts, `${name}.mjs`);
/** Returns the path of a file in this folder, not bundled. */
export const beside = (name: string) => join(here, name);

/** What one process used, from start to end. */
export interface Usage {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Program {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly command?: string;
}

/** Runs a program to its end, with its own state folder. Throws if it fails. */
export async function run({ args, env, command = process.execPath }: Program): Promise<Usage> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const meter = join(folder, 'meter.json');
  const isNode = command === process.execPath;
  const started = performance.now();
  const child = spawn(command, [...(isNode ? ['--require', beside('meter.cjs')] : []), ...args], {
    env: {
      PATH: process.env.PATH,
      BENCH_METER: meter,
      NEURONPEDIA_CONFIG_DIR: join(folder, 'config'),
      NEURONPEDIA_STATE_DIR: join(folder, 'state'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  const wallMs = performance.now() - started;
  try {
    if (code !== 0) throw new Error(`${args.join(' ')}: ended with ${code}\n${stderr}${stdout}`);
    const { cpuUs, peakKb } = isNode ? JSON.parse(readFileSync(meter, 'utf8')) : { cpuUs: 0, peakKb: 0 };
    return { wallMs, cpuMs: cpuUs / 1000, peakMb: peakKb / 1024, stdout, stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Lets the contenders take turns, so that whatever else the machine does affects all of them alike. Each round has a
 * new random order, because after a large upload the server's memory is warm for the next. An unmeasured round comes
 * first.
 */
export async function interleaved<Name extends string, Result>(
  repeats: number,
  contenders: Readonly<Record<Name, () => Promise<Result> | Result>>,
): Promise<Record<Name, Result[]>> {
  const names = Object.keys(contenders) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Result[]>;
  for (let round = -1; round < repeats; round++) {
    for (const name of shuffled(names)) {
      const result = await contenders[name]();
      if (round >= 0) results[name].push(result);
    }
  }
  return results;
}

const random = seededRandom(1);

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** Returns the middle value, or the lower of the two middle ones if their number is even. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1] as number;
}

/** Returns the median of what `of` returns for each value. */
export const medianOf = <T>(values: readonly T[], of: (value: T) => number) => median(values.map(of));
